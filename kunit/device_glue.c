// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit's own device, for the suites: its functions are not in the Rust bindings.
 */

#include <kunit/device.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>

struct device *coherent_kunit_device_register(const char *name);
void coherent_kunit_device_unregister(struct device *dev);

struct device *coherent_kunit_device_register(const char *name)
{
	struct device *dev = kunit_device_register(kunit_get_current_test(), name);

	return IS_ERR(dev) ? NULL : dev;
}

void coherent_kunit_device_unregister(struct device *dev)
{
	kunit_device_unregister(kunit_get_current_test(), dev);
}
