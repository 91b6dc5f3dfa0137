/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Macros of libraries for cppcheck, which does not read their headers.
 */
#define json_array_foreach(array, index, value)                                                    \
	for (index = 0; index < json_array_size(array) && (value = json_array_get(array, index));  \
	     index++)
#define json_object_foreach(object, key, value)                                                    \
	for (key = json_object_iter_key(json_object_iter(object));                                 \
	     key && (value = json_object_iter_value(json_object_key_to_iter(key)));                \
	     key = json_object_iter_key(                                                           \
		     json_object_iter_next(object, json_object_key_to_iter(key))))
#define bpf_object__for_each_program(program, object)                                              \
	for (program = bpf_object__next_program(object, 0); program;                               \
	     program = bpf_object__next_program(object, program))
