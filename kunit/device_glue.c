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
#include "dma_recorder.h"

struct device *coherent_kunit_device_register(const char *name,
					      const struct dma_expected *expected)
{
	struct kunit *test = kunit_get_current_test();
	struct device *dev;

	if (!test)
		return NULL;

	dev = kunit_device_register(test, name);
	if (IS_ERR(dev))
		return NULL;

	if (dma_record_start(dev, expected)) {
		kunit_device_unregister(test, dev);
		return NULL;
	}
	return dev;
}

void coherent_kunit_device_unregister(struct device *dev)
{
	struct kunit *test = kunit_get_current_test();

	dma_record_stop(test, dev);
	kunit_device_unregister(test, dev);
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
