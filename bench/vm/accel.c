/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/vm/accel.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/vm/vm.h"
#include "lib/clock.h"
#include "lib/private_directory.h"

#define TRY_NS (10 * NSEC_PER_SEC)

static void remove_logs(const char *dir)
{
	static const char *const names[] = { "console.log", "qemu.log", "qmp.log", "guest.log",
					     "cmd.sh" };
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int accel_try(const struct images *images, enum accel accel, char *reason, size_t reason_size)
{
	char dir[PATH_MAX];
	struct qemu_config config = {
		.binary = images->qemu,
		.vmlinux = images->cuts[0].vmlinux,
		.initramfs = images->initramfs,
		.accel = accel,
		.memory_bytes = 256ULL << 20,
		.vcpus = 1,
		.thp = true,
		.directory = dir,
	};
	struct vm vm;
	int err;

	err = private_directory(dir, sizeof(dir), "balloonbench");
	if (err) {
		snprintf(reason, reason_size, "cannot make a directory in $TMPDIR or /tmp: %s",
			 strerror(-err));
		return -ENODEV;
	}
	err = vm_start(&vm, &config, images->cuts[0].name, TRY_NS);
	if (err && !vm.reason[0])
		snprintf(reason, reason_size, "cannot start %s: %s", images->qemu, strerror(-err));
	else
		snprintf(reason, reason_size, "%s", vm.reason);
	vm_release(&vm);
	remove_logs(dir);
	return !err || err == -EINTR ? err : -ENODEV;
}

/* 0 where a guest boots under KVM, -ENODEV with a reason, or -EINTR. */
static int try_kvm(const struct images *images, char *reason, size_t reason_size)
{
	char why[512];
	int err;

	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		snprintf(reason, reason_size, "/dev/kvm: %s", strerror(errno));
		return -ENODEV;
	}
	err = accel_try(images, ACCEL_KVM, why, sizeof(why));
	if (err == -ENODEV)
		snprintf(reason, reason_size, "a guest does not boot under KVM here: %s", why);
	return err;
}

static int choose_auto(const struct images *images, enum accel *accel, char *reason,
		       size_t reason_size)
{
	char why[640];
	int err;

	err = try_kvm(images, why, sizeof(why));
	if (err == -EINTR)
		return err;
	*accel = err ? ACCEL_TCG : ACCEL_KVM;
	if (err)
		snprintf(reason, reason_size, "TCG, because %s", why);
	else
		snprintf(reason, reason_size, "KVM: a guest was booted under it");
	return 0;
}

int accel_choose(const char *wish, const struct images *images, enum accel *accel, char *reason,
		 size_t reason_size)
{
	static const enum accel software[] = { ACCEL_TCG, ACCEL_ICOUNT };
	size_t i;

	if (!strcmp(wish, "auto"))
		return choose_auto(images, accel, reason, reason_size);
	if (!strcmp(wish, accel_name(ACCEL_KVM))) {
		*accel = ACCEL_KVM;
		snprintf(reason, reason_size, "asked for; a guest was booted under it");
		return try_kvm(images, reason, reason_size);
	}
	for (i = 0; i < sizeof(software) / sizeof(software[0]); i++) {
		if (strcmp(wish, accel_name(software[i])))
			continue;
		*accel = software[i];
		snprintf(reason, reason_size, "asked for");
		return 0;
	}
	snprintf(reason, reason_size,
		 "--accel %s: no such accelerator; there are auto, kvm, tcg and icount", wish);
	return -EINVAL;
}
