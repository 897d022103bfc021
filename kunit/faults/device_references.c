// SPDX-License-Identifier: GPL-2.0

/* Tells how many references there are to each NVMe controller. */

#include <linux/kref.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

static int references_get(char *buffer, const struct kernel_param *param)
{
	struct pci_dev *pdev = NULL;
	int length = 0;

	/* One of the references is that of the loop. */
	while ((pdev = pci_get_class(PCI_CLASS_STORAGE_EXPRESS, pdev)))
		length += sysfs_emit_at(buffer, length, "%u ",
					kref_read(&pdev->dev.kobj.kref) - 1);

	return length + sysfs_emit_at(buffer, length, "\n");
}

static const struct kernel_param_ops references_ops = {
	.get = references_get,
};

module_param_cb(nvme, &references_ops, NULL, 0444);
MODULE_PARM_DESC(nvme, "The reference counts of NVMe controllers");

MODULE_DESCRIPTION("Tells how many references there are to devices");
MODULE_LICENSE("GPL");
