// SPDX-License-Identifier: GPL-2.0
/*
 * Sets memory aside for QEMU's edu device, as the platform code of other architectures does. It has
 * to be reserved on the kernel's command line: memmap=16M$0x8000000
 *
 * The device gets the memory before a driver can bind to it. When it loses that again, all of it
 * has to be free; that is the only place where this shows, as the free of such memory is not
 * traced.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device/bus.h>
#include <linux/dma-mapping.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#define EDU_VENDOR	0x1234
#define EDU_DEVICE	0x11e8

static const phys_addr_t start = SZ_128M;
static const size_t size = SZ_16M;

/* Neither function is exported. */
static int (*declare)(struct device *dev, phys_addr_t phys_addr, dma_addr_t device_addr,
		      size_t size);
static void (*release)(struct device *dev);

/* Where a function of the kernel is. */
static void *address_of(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	int ret = register_kprobe(&probe);
	void *addr = probe.addr;

	if (ret) {
		pr_err("cannot find %s (%d)\n", name, ret);
		return NULL;
	}
	unregister_kprobe(&probe);
	return addr;
}

static bool is_edu(struct device *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);

	return pdev->vendor == EDU_VENDOR && pdev->device == EDU_DEVICE;
}

static int give(struct device *dev)
{
	phys_addr_t end = start + size - 1;
	int ret = declare(dev, start, start, size);

	if (ret)
		pr_err("%s gets no memory (%d)\n", dev_name(dev), ret);
	else
		pr_info("%s has %pa to %pa\n", dev_name(dev), &start, &end);
	return ret;
}

static void take(struct device *dev)
{
	dma_addr_t dma;
	void *all;

	if (!dev->dma_mem)
		return;

	/* Only if nothing of it is in use, all of it can be had at once. */
	all = dma_alloc_coherent(dev, size, &dma, GFP_KERNEL);
	if (!WARN(!all, "%s has not given back all memory\n", dev_name(dev))) {
		dma_free_coherent(dev, size, all, dma);
		pr_info("%s has given back all memory\n", dev_name(dev));
	}
	release(dev);
}

static int notify(struct notifier_block *block, unsigned long action, void *data)
{
	struct device *dev = data;

	if (!is_edu(dev))
		return NOTIFY_DONE;
	if (action == BUS_NOTIFY_ADD_DEVICE)
		give(dev);
	else if (action == BUS_NOTIFY_REMOVED_DEVICE)
		take(dev);
	return NOTIFY_OK;
}

static struct notifier_block notifier = {
	.notifier_call = notify,
};

static int __init coherent_pool_init(void)
{
	struct pci_dev *edu;
	int ret;

	declare = address_of("dma_declare_coherent_memory");
	release = address_of("dma_release_coherent_memory");
	if (!declare || !release)
		return -ENOENT;

	edu = pci_get_device(EDU_VENDOR, EDU_DEVICE, NULL);
	if (!edu)
		return -ENODEV;
	ret = give(&edu->dev);
	if (!ret) {
		ret = bus_register_notifier(&pci_bus_type, &notifier);
		if (ret)
			take(&edu->dev);
	}
	pci_dev_put(edu);
	return ret;
}

static void __exit coherent_pool_exit(void)
{
	struct pci_dev *edu = pci_get_device(EDU_VENDOR, EDU_DEVICE, NULL);

	bus_unregister_notifier(&pci_bus_type, &notifier);
	if (edu)
		take(&edu->dev);
	pci_dev_put(edu);
}

module_init(coherent_pool_init);
module_exit(coherent_pool_exit);
MODULE_DESCRIPTION("A per-device pool of QEMU's edu device");
MODULE_LICENSE("GPL");
