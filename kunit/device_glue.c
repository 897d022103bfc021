// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit's own device and user memory, for the suites: the functions are not in the Rust bindings.
 */

#include <kunit/device.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/mman.h>
#include <linux/mm.h>

#include "device_glue.h"

struct device *coherent_kunit_device_register(const char *name)
{
	struct kunit *test = kunit_get_current_test();
	struct device *dev;

	if (!test)
		return NULL;

	dev = kunit_device_register(test, name);
	return IS_ERR(dev) ? NULL : dev;
}

void coherent_kunit_device_unregister(struct device *dev)
{
	kunit_device_unregister(kunit_get_current_test(), dev);
}

/* A page of zeroes in the user address space of the running test, or zero. */
unsigned long coherent_kunit_user_page(void)
{
	struct kunit *test = kunit_get_current_test();
	unsigned long addr;

	if (!test)
		return 0;

	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	/* An error is returned as an address, too. */
	return addr < TASK_SIZE ? addr : 0;
}
