/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COHERENT_KUNIT_DEVICE_GLUE_H
#define _COHERENT_KUNIT_DEVICE_GLUE_H

struct device;
struct dma_expected;

struct device *coherent_kunit_device_register(const char *name,
					      const struct dma_expected *expected);
void coherent_kunit_device_unregister(struct device *dev);
unsigned long coherent_kunit_user_page(void);

#endif
