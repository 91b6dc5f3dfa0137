/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structs of lib/result.h with what each member means, a line a member. The file is
 * included twice: result.h makes the structs of it, result.c their tables. To add a
 * metric, add its line here:
 *
 *   KIND(member, "what it is", ...)    ...: more of struct field (lib/record.h)
 *   DERIVED(member, "what it is", of, per, factor, ...)    of / per * factor, never measured
 *
 * COUNT is 0 and above, NS a time by the guest's clock, HOST_NS one by the host's, PHASE a
 * part of a resize, with its title in tables. REQUIRED: a key of each such object.
 */
/* clang-format off */
#define REQUIRED .required = true
#define HIGHER .better = BETTER_HIGHER
#define COUNT(...) ROW(COUNT, int64_t, __VA_ARGS__)
#define INTEGER(...) ROW(INTEGER, int64_t, __VA_ARGS__)
#define TIME(whose, ...) ROW(COUNT, int64_t, __VA_ARGS__, .unit = UNIT_NS, .clock = whose)
#define NS(...) TIME(CLOCK_GUEST, __VA_ARGS__)
#define HOST_NS(...) TIME(CLOCK_HOST, __VA_ARGS__)
#define BYTES(...) ROW(COUNT, int64_t, __VA_ARGS__, .unit = UNIT_BYTES)
#define PAGES(...) ROW(COUNT, int64_t, __VA_ARGS__, REQUIRED, .unit = UNIT_PAGES)
#define RATE(...) ROW(COUNT, int64_t, __VA_ARGS__, REQUIRED, .unit = UNIT_BYTES_PER_S, HIGHER)
#define PHASE(member, title) NS(member, "time of the phase " title, .phase = title)
#define HOST_PHASE(member, title) HOST_NS(member, "time of the phase " title, .phase = title)
#define REAL(...) ROW(REAL, double, __VA_ARGS__)
#define DERIVED(member, text, dividend, divisor, times, ...) \
	REAL(member, text, .of = offsetof(struct S, dividend), \
	     .per = offsetof(struct S, divisor), .factor = times, __VA_ARGS__)
#define GIB_MINUTES(...) REAL(__VA_ARGS__, .unit = UNIT_GIB_MINUTES)
#define BOOL(...) ROW(BOOL, bool, __VA_ARGS__)
#define TEXT(...) ROW(TEXT, char *, __VA_ARGS__)
#define CHOICE_OR_NONE(member, names, text) ROW(CHOICE, int, member, text, .choices = names)
#define CHOICE(member, names, text) ROW(CHOICE, int, member, text, REQUIRED, .choices = names)
#define HISTOGRAM(member, text, of, whose) \
	ROW(HISTOGRAM, struct histogram *, member, text, REQUIRED, .unit = UNIT_##of, \
	    .clock = CLOCK_##whose)
#define LIST(...) ROW(LIST, struct record_list, __VA_ARGS__)
#define MAP(...) ROW(MAP, struct record_list, __VA_ARGS__)
#define COUNTERS(...) ROW(COUNTERS, struct record_list, __VA_ARGS__)
#define NUMBERS(...) ROW(NUMBERS, struct record_list, __VA_ARGS__)
#define TEXTS(...) ROW(TEXTS, struct record_list, __VA_ARGS__)
#define PAIRS(...) ROW(PAIRS, struct record_list, __VA_ARGS__)
#define STRUCT(member, tag, ...) ROW(STRUCT, struct tag, member, NULL, .record = &__VA_ARGS__)

#define S phases
BEGIN(phases_record, "phases", "their sum is the duration; absent: not observed")
	PHASE(alloc_ns, "alloc")
	PHASE(alloc_retry_ns, "alloc retry")
	PHASE(enqueue_ns, "enqueue")
	PHASE(dequeue_ns, "dequeue")
	PHASE(notify_ns, "notify")
	HOST_PHASE(host_translate_ns, "host: translate")
	HOST_PHASE(host_discard_ns, "host: discard")
	HOST_PHASE(host_willneed_ns, "host: willneed")
	PHASE(release_ns, "release")
	PHASE(other_ns, "other")
END
#undef S
#define S host_work
BEGIN(host_work_record, "host", "what QEMU told its kernel")
	CHOICE(source, source_names, "batches (QEMU says) or tracepoints (its kernel saw)")
	COUNT(discard_calls, "calls of QEMU that discard")
	BYTES(discard_bytes, "discarded", HIGHER)
	HOST_NS(discard_ns, "time in these calls")
	COUNT(willneed_calls, "calls of madvise(MADV_WILLNEED)")
	BYTES(willneed_bytes, "advised as needed")
	HOST_NS(willneed_ns, "time in these calls")
END
#undef S
#define S resize_entries
BEGIN(entries_record, "entries", "PFNs, ranges or descriptors")
	COUNT(count, "entries that the host was told", REQUIRED)
END
#undef S
#define S resize_cpu
BEGIN(cpu_record, "cpu", "from the host's command to after the last poll; absent under icount")
	HOST_NS(qemu_ns, "CPU time of QEMU's process", REQUIRED)
	NS(guest_ns, "CPU time of the guest by its own account, with the agent's polls", REQUIRED)
	NS(guest_resolution_ns, "resolution of guest_ns", REQUIRED)
END
#undef S
#define S resize_rate
BEGIN(rate_record, "rate", "of a resize in steps with waits between")
	RATE(asked_bytes_per_s, "the scenario's rate")
	RATE(bytes_per_s, "bytes over elapsed_ns")
	HOST_NS(elapsed_ns, "duration with the waits between steps", REQUIRED)
END
#undef S
#define S stall
BEGIN(stall_record, "stall", "the resize stalled until a process had freed memory")
	BYTES(bytes, "resized when it stalled", REQUIRED)
	NS(at_ns, "from the start to the stall", REQUIRED)
	NS(relief_ns, "from the start to the end of the stall", REQUIRED)
	BYTES(freed_bytes, "freed by a process to end the stall", REQUIRED)
END
#undef S
#define S polled_times
BEGIN(polled_record, "polled", "the agent's polls, where duration_ns is by the driver's events")
	NS(duration_ns, "from the target's being readable to its being reached", REQUIRED)
	NS(resolution_ns, "width of the interval that holds the true value of it", REQUIRED)
	INTEGER(outside_ns, "polled duration less that by events: before the first batch, and after the last",
		REQUIRED, .unit = UNIT_NS, .clock = CLOCK_GUEST)
END
#undef S
#define S resize_result
BEGIN(resize_record, "resize", "one inflate or deflate")
	BYTES(bytes, "really resized", REQUIRED, HIGHER)
	NS(duration_ns, "duration; under icount guest instructions, under kvm in icount those of QEMU and the host too", REQUIRED)
	DERIVED(gib_per_s, "bytes over duration_ns", bytes, duration_ns, 1e9 / (1 << 30),
		REQUIRED, .unit = UNIT_GIB_PER_S, .clock = CLOCK_GUEST, HIGHER)
	NS(resolution_ns, "width of the interval that holds the true duration", REQUIRED)
	HOST_NS(wall_ns, "from the QMP command to the agent's event", REQUIRED)
	COUNT(steps, "targets that were set", REQUIRED)
	NS(busy_ns, "that a busy vCPU ran for meanwhile; absent where none is kept busy")
	DERIVED(busy_share, "share of duration_ns that a busy vCPU ran for", busy_ns, duration_ns, 1)
	PAIRS(progress, "[ns since the start, bytes resized]", REQUIRED)
	BYTES(taken_back_bytes, "taken back by a guest out of memory and given again; not in bytes")
	COUNT(batches, "batches of the driver, empty ones too")
	COUNT(kicks, "kicks of the host: batches that are not empty")
	CHOICE_OR_NONE(timer, timer_names, "polls or events: what duration_ns is from; absent: polls")
	STRUCT(polled, polled_times, polled_record)
	STRUCT(entries, resize_entries, entries_record)
	STRUCT(phases, phases, phases_record)
	STRUCT(host, host_work, host_work_record)
	STRUCT(cpu, resize_cpu, cpu_record)
	STRUCT(rate, resize_rate, rate_record)
	STRUCT(stall, stall, stall_record)
END
#undef S
#define S touch_result
BEGIN(touch_record, "touch", NULL)
	BYTES(bytes, "written", REQUIRED, HIGHER)
	NS(duration_ns, "time to write to each page", REQUIRED)
END
#undef S
#define S free_by_type
BEGIN(free_by_type_record, "free_by_type", NULL)
	TEXT(name, NULL, REQUIRED)
	NUMBERS(free_pages, "by order from 0", REQUIRED)
END
#undef S
#define S free_memory
BEGIN(free_memory_record, "free_memory", NULL)
	NUMBERS(free_pages, "free pages by order from 0: /proc/buddyinfo, all zones", REQUIRED)
	MAP(by_type, "the same by migrate type: /proc/pagetypeinfo", .record = &free_by_type_record)
	REAL(share_order4, "share of free pages in blocks of 64 KiB and above", REQUIRED, HIGHER)
END
#undef S
#define S fragmentation
BEGIN(fragmentation_record, "fragmentation", "free runs of 1 to longest_run pages, pinned between")
	COUNT(longest_run, "pages of the longest free run", REQUIRED)
	BYTES(pinned_bytes, "pinned between the free runs", REQUIRED)
	NS(duration_ns, "time to fragment memory", REQUIRED)
	STRUCT(before, free_memory, free_memory_record, REQUIRED)
	STRUCT(plateau, free_memory, free_memory_record)
END
#undef S
#define S compaction_round
BEGIN(compaction_round_record, "compaction_round", NULL)
	BYTES(freed_bytes, "freed for the round", REQUIRED)
	NS(duration_ns, "duration of the round", REQUIRED)
	COUNT(balloon_migrate, "balloon pages migrated", REQUIRED)
	COUNT(pgmigrate_success, "pages migrated", REQUIRED)
	COUNT(pgmigrate_fail, "migrations that failed", REQUIRED)
END
#undef S
#define S compaction
BEGIN(compaction_record, "compaction", "with the balloon inflated")
	COUNT(rounds, "rounds of compaction", REQUIRED)
	NS(duration_ns, "duration of all rounds", REQUIRED)
	COUNT(migrated_pages, "balloon pages migrated", REQUIRED)
	COUNT(migrate_again, "migrations that returned -EAGAIN")
	COUNT(migrate_failed, "migrations that returned another error")
	COUNT(round_trips, "batches of QEMU, of both queues")
	STRUCT(host, host_work, host_work_record)
	LIST(each, NULL, REQUIRED, .record = &compaction_round_record)
END
#undef S
#define S pressure_growth
BEGIN(growth_record, "growth", "of a process, with the balloon inflated")
	BYTES(bytes, "by which a process grew", REQUIRED)
	NS(duration_ns, "time to grow", REQUIRED)
	PAGES(oom_deflated_pages, "that the balloon released for it")
END
#undef S
#define S pressure_result
BEGIN(pressure_record, "pressure", "an inflate that took more than was free")
	BYTES(hold_bytes, "held by a process", REQUIRED)
	BYTES(cache_bytes, "that reclaim can drop without writing", REQUIRED)
	COUNT(out_of_puff, "times that the driver found no page")
	COUNTERS(reclaim, "what changed in /proc/vmstat over the inflate")
	STRUCT(growth, pressure_growth, growth_record)
END
#undef S
#define S qemu_memory
BEGIN(qemu_memory_record, "qemu_memory", NULL)
	BYTES(rss_bytes, "resident memory of QEMU", REQUIRED)
	BYTES(anon_huge_bytes, "in transparent huge pages", REQUIRED, HIGHER)
END
#undef S
#define S host_memory
BEGIN(host_memory_record, "host_memory", "QEMU's memory, from smaps_rollup")
	STRUCT(before, qemu_memory, qemu_memory_record)
	STRUCT(plateau, qemu_memory, qemu_memory_record)
	STRUCT(deflated, qemu_memory, qemu_memory_record)
	STRUCT(refaulted, qemu_memory, qemu_memory_record)
END
#undef S
#define S replay_result
BEGIN(replay_record, "replay", "a workload that the guest replayed while a policy resized it")
	TEXT(workload, "its name", REQUIRED)
	CHOICE(policy, policy_names, "none, controller or program")
	NS(planned_ns, "duration of the workload at the scenario's speed", REQUIRED)
	NS(duration_ns, "duration of the replay", REQUIRED)
	DERIVED(slowdown, "duration_ns over planned_ns", duration_ns, planned_ns, 1, REQUIRED)
	NS(work_ns, "of the duration: writing and freeing memory, using CPU time", REQUIRED)
	GIB_MINUTES(planned_gib_minutes, "memory of the workload over time, by its file")
	GIB_MINUTES(demand_gib_minutes, "the same as the guest measured it, in its time")
	GIB_MINUTES(footprint_gib_minutes, "resident memory of QEMU over time")
	BYTES(mean_bytes, "resident memory of QEMU: footprint over time", REQUIRED)
	BYTES(peak_bytes, "the most resident memory of QEMU", REQUIRED)
	BYTES(begin_bytes, "resident memory of QEMU before the workload", REQUIRED)
	BYTES(end_bytes, "resident memory of QEMU when the workload has freed all of its own", REQUIRED)
	HOST_NS(elapsed_ns, "time that the footprint was sampled for", REQUIRED)
	HOST_NS(qemu_cpu_ns, "CPU time of QEMU meanwhile")
	COUNT(targets, "sizes that the policy asked for", REQUIRED)
	COUNT(oom_kills, "processes that the guest's kernel killed for memory", REQUIRED)
	COUNT(missed, "times that the workload freed 16 MiB or more, and the host did not get 90 % of it before the workload grew again", REQUIRED)
	PAIRS(demand, "[ns since the begin, bytes that the workload held], in the guest's time")
	PAIRS(footprint, "[ns since the begin, resident memory of QEMU in bytes]")
	PAIRS(target, "[ns since the begin, bytes that the policy wanted to take from the guest]")
END
#undef S
#define S cycle_result
BEGIN(cycle_record, "cycle", "what the scenario repeats in one boot")
	STRUCT(touch, touch_result, touch_record)
	STRUCT(refault, touch_result, touch_record)
	STRUCT(inflate, resize_result, resize_record)
	STRUCT(deflate, resize_result, resize_record)
	STRUCT(fragmentation, fragmentation, fragmentation_record)
	STRUCT(compaction, compaction, compaction_record)
	STRUCT(pressure, pressure_result, pressure_record)
	STRUCT(host_memory, host_memory, host_memory_record)
	STRUCT(replay, replay_result, replay_record)
END
#undef S
#define S op_result
BEGIN(op_record, "op", "an operation of the guest's balloon")
	TEXT(name, NULL, REQUIRED)
	CHOICE(per, per_names, "page or batch")
	COUNT(count, "operations, lost ones included", REQUIRED)
	COUNT(lost, "operations that were to be timed and are not in the histogram", REQUIRED)
	COUNT(one_in, "one operation in this many is timed, in the histogram; absent: each")
	HISTOGRAM(histogram, "latency of an operation", NS, GUEST)
END
#undef S
#define S observed
BEGIN(observed_record, "observation", NULL)
	TEXT(what, "what is observed", REQUIRED)
	TEXT(how, "how; absent where it is not")
	TEXT(why_not, "why it is not observed")
END
#undef S
#define S trace_counters
BEGIN(counters_record, "counters", NULL)
	COUNT(lost_records, "records lost to a full ring buffer", REQUIRED)
	COUNT(lost_pairs, "begins and ends without their other half", REQUIRED)
	COUNT(missed, "of these, runs of programs and hits of probes that the kernel skipped")
	COUNT(out_of_puff, "times that the driver found no page", REQUIRED)
	COUNT(migrate_again, "migrations that returned -EAGAIN", REQUIRED)
	COUNT(migrate_failed, "migrations that returned another error", REQUIRED)
END
#undef S
#define S block_counts
BEGIN(blocks_record, "blocks", "what the balloon took in more than single pages")
	PAGES(inflated_pages, "inflated in blocks")
	PAGES(deflated_pages, "deflated in blocks")
	COUNT(split, "blocks split", REQUIRED)
	NUMBERS(allocations, "allocations by order from 0", REQUIRED)
END
#undef S
#define S call_result
BEGIN(call_record, "call", "calls of one advice")
	TEXT(name, NULL, REQUIRED)
	COUNT(calls, "calls of QEMU", REQUIRED)
	BYTES(bytes, "of the calls that succeeded", REQUIRED)
	COUNT(errors, "calls that failed", REQUIRED)
	COUNTERS(errors_by_name, "of these, by errno")
	COUNT(ranges, "of process_madvise(), in all calls; absent if there was none")
	COUNT(lost, "calls that were not counted; absent if there was none")
	COUNT(one_in, "one call in so many is in the histograms; absent: each")
	HISTOGRAM(latency_ns, "latency of a call", NS, HOST)
	HISTOGRAM(length_bytes, "length of a call", BYTES, NONE)
END
#undef S
#define S guest_trace
BEGIN(guest_trace_record, "guest_trace", "absent where it is no balloon")
	CHOICE(mechanism, mechanisms + 1, "events, fentry or kprobe")
	LIST(observations, NULL, REQUIRED, .record = &observed_record)
	STRUCT(counters, trace_counters, counters_record, REQUIRED)
	STRUCT(blocks, block_counts, blocks_record)
END
#undef S
#define S host_trace
BEGIN(host_trace_record, "host_trace", NULL)
	TEXT(error, "why the host was not traced")
	LIST(observations, NULL, .record = &observed_record)
	STRUCT(counters, trace_counters, counters_record)
	REAL(clock_ns, "what a clock read adds to a time", .unit = UNIT_NS, .clock = CLOCK_HOST)
	MAP(calls, "by advice, at level pages", .record = &call_record)
END
#undef S
#define S trace_result
BEGIN(trace_record, "trace", "how the boot was traced; absent where it was not")
	CHOICE(level, trace_levels + 1, "phases or pages")
	STRUCT(guest, guest_trace, guest_trace_record)
	STRUCT(host, host_trace, host_trace_record, REQUIRED)
END
#undef S
#define S victim_mark
BEGIN(victim_mark_record, "victim_mark", NULL)
	INTEGER(at_ns, "CLOCK_MONOTONIC of the victim's side", REQUIRED)
	CHOICE(phase, victim_phase_names, "before, inflate, plateau, deflate, after: from then on")
END
#undef S
#define S victim_stalls
BEGIN(stalls_record, "stalls", "of work that waits, each piece for the one before it; or of a piece that did not")
	PHASES_OF_VICTIM(phases, "worst value of each stall in that phase")
END
#undef S
#define S victim_result
BEGIN(victim_record, "victim", "a histogram for each phase that has a value")
	TEXT(name, NULL, REQUIRED)
	PHASES_OF_VICTIM(phases, "values in that phase")
	STRUCT(stalls, victim_stalls, stalls_record)
	HOST_NS(period_ns, "how often a piece of work is due")
	LIST(marks, NULL, .record = &victim_mark_record)
	HOST_NS(series_ns, "length of a stretch of the series")
	PAIRS(series, "[begin of a stretch in ns, worst value due in it]")
END
#undef S
#define S clock_offset
BEGIN(clock_offset_record, "clock_offset", NULL)
	INTEGER(at_ns, "host clock", REQUIRED)
	INTEGER(offset_ns, "guest clock minus host clock", REQUIRED)
	HOST_NS(uncertainty_ns, "half of the shortest round trip; bounds the error", REQUIRED)
	COUNT(round_trips, "that were timed", REQUIRED)
END
#undef S
#define S perf_symbol
BEGIN(perf_symbol_record, "perf_symbol", NULL)
	TEXT(symbol, "function", REQUIRED)
	COUNT(samples, "samples in it", REQUIRED)
END
#undef S
#define S perf_result
BEGIN(perf_record, "perf", "with --perf: counters and profile of QEMU")
	TEXT(event, "event that was sampled", REQUIRED)
	COUNT(frequency_hz, "frequency of the samples", REQUIRED)
	COUNT(samples, "number of samples", REQUIRED)
	COUNTERS(stat, "counts of perf stat", REQUIRED)
	LIST(top, NULL, REQUIRED, .record = &perf_symbol_record)
	TEXT(error, "what perf could not do")
END
#undef S
#define S check
BEGIN(check_record, "check", "a cross-check: it holds where least <= observed <= most")
	COUNT(cycle, "from 1; 0: the boot as a whole", REQUIRED)
	CHOICE(resize, check_resize_names, "inflate, deflate or boot")
	TEXT(what, "what was counted", REQUIRED)
	CHOICE(unit, check_unit_names, "pages or ns")
	INTEGER(least, "least value that agrees", REQUIRED)
	INTEGER(most, "greatest value that agrees", REQUIRED)
	INTEGER(observed, "the value", REQUIRED)
END
#undef S
#define S victim_lists
BEGIN(victims_record, "victims", "workloads beside the balloon, by NAME_UNIT, as fault_ns")
	MAP(guest, NULL, .record = &victim_record)
	MAP(host, NULL, .record = &victim_record)
END
#undef S
#define S boot_clock
BEGIN(clock_record, "clock", "the guest's CLOCK_MONOTONIC against the host's; absent under icount")
	STRUCT(begin, clock_offset, clock_offset_record, REQUIRED)
	LIST(between, NULL, .record = &clock_offset_record)
	STRUCT(end, clock_offset, clock_offset_record)
END
#undef S
#define S boot_checks
BEGIN(checks_record, "checks", "what was counted more than once")
	BOOL(ok, "whether all of them hold", REQUIRED)
	LIST(each, NULL, REQUIRED, .record = &check_record)
END
#undef S
#define S boot_result
BEGIN(boot_record, "boot", "result.json of balloonbench: what one boot measured")
	COUNT(schema_version, "2", REQUIRED)
	TEXT(scenario, NULL, REQUIRED)
	TEXT(variant, NULL, REQUIRED)
	TEXT(cut, "kernel, as the guest named it", REQUIRED)
	TEXT(kernel_args, "arguments for the guest's kernel, of scenario, variant and user")
	CHOICE(method, method_names, "balloon (virtio's), virtio-mem, free-page-reporting, floor, vmware (the balloon of vmw_balloon) or cmm (that of pseries)")
	CHOICE(accel, accel_names, "kvm, tcg or icount; kvm in kvm, kvm in tcg, kvm in icount: in a host that is itself a guest")
	COUNT(boot, "number of the boot, from 1", REQUIRED)
	COUNT(build, "layout of the cut's code, 0 the plain one; absent: all boots have that")
	COUNT(seed, "seed of the boot", REQUIRED)
	CHOICE(status, status_names, "ok, failed or invalid")
	TEXT(reason, "absent where status is ok")
	TEXT(kernel_release, NULL)
	TEXT(kernel_version, "uname -v")
	TEXT(host_name, "of the host, in a run that is a shard of one on several")
	TEXT(host_kernel_release, "of a host that is itself a guest")
	TEXT(kernel_build_id, "of the running kernel, in hex")
	TEXTS(boot_warnings, "of the guest's kernel before the agent's hello; they fail no boot")
	TEXT(qemu_version, NULL)
	BYTES(memory_bytes, "of the guest", REQUIRED)
	COUNT(vcpus, "of the guest", REQUIRED)
	HOST_NS(ready_ns, "start of QEMU to the agent's hello", REQUIRED)
	LIST(cycles, NULL, REQUIRED, .record = &cycle_record)
	MAP(ops, NULL, .record = &op_record)
	STRUCT(trace, trace_result, trace_record)
	STRUCT(victims, victim_lists, victims_record)
	STRUCT(perf, perf_result, perf_record)
	STRUCT(clock, boot_clock, clock_record)
	COUNTERS(vmstat, "what changed in /proc/vmstat over the cycles", REQUIRED)
	STRUCT(checks, boot_checks, checks_record)
END
#undef S

#undef BEGIN
#undef END
#undef ROW
#undef PHASES_OF_VICTIM
#undef REQUIRED
#undef HIGHER
#undef COUNT
#undef INTEGER
#undef TIME
#undef NS
#undef HOST_NS
#undef BYTES
#undef PAGES
#undef RATE
#undef PHASE
#undef HOST_PHASE
#undef REAL
#undef DERIVED
#undef GIB_MINUTES
#undef BOOL
#undef TEXT
#undef CHOICE_OR_NONE
#undef CHOICE
#undef HISTOGRAM
#undef LIST
#undef MAP
#undef COUNTERS
#undef NUMBERS
#undef TEXTS
#undef PAIRS
#undef STRUCT
