/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _COHERENT_FAULTS_GLUE_H
#define _COHERENT_FAULTS_GLUE_H

#include <linux/types.h>

struct device;

struct device *coherent_faults_device_register(const char *name);
void coherent_faults_device_unregister(struct device *dev);
struct device *coherent_faults_edu_lock(void);
void coherent_faults_edu_unlock(void);
int coherent_faults_edu_copy(u32 from, u32 to, u32 bytes, bool to_memory);
void coherent_faults_skip(const char *why);

unsigned int coherent_faults_references(struct device *dev);
u64 coherent_faults_swap_mask(struct device *dev, u64 mask);
bool coherent_faults_has_pool(struct device *dev);
bool coherent_faults_translated(struct device *dev);
u64 coherent_faults_reached(struct device *dev, dma_addr_t addr);
bool coherent_faults_is_vmalloc(const void *addr);
u64 coherent_faults_physical(const void *addr);

void coherent_faults_arm(unsigned int nth);
bool coherent_faults_disarm(void);
int coherent_faults_irqs_off(void (*fn)(void *data), void *data);
int coherent_faults_threads(int (*fn)(const void *data, int number), const void *data);
int coherent_faults_leave(u8 byte, unsigned int order, unsigned int blocks);
unsigned long coherent_faults_free_pages(void);
ssize_t coherent_faults_read_file(const char *path, void *buffer, size_t size);

#endif
