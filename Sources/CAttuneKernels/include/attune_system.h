// What Swift cannot reach of the system.
#ifndef ATTUNE_SYSTEM_H
#define ATTUNE_SYSTEM_H

/// The number of processors in this thread's affinity mask, at least 1.
int attune_allowed_cores(void);

/// Tells the processor that this is a waiting loop.
void attune_spin_hint(void);

#endif
