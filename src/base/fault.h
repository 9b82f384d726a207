/* Fault points: named places where a test makes the process die, fail or wait.
 *
 *   WEIR_FAULT="load.before_commit=kill"         die by SIGKILL at the first pass
 *   WEIR_FAULT="load.before_commit=kill@3"       at the third
 *   WEIR_FAULT="spool.write=enospc,a.b=sleep:500"
 * Compiled to nothing unless WEIR_FAULTS is defined. */
#ifndef WEIR_BASE_FAULT_H
#define WEIR_BASE_FAULT_H

#ifdef WEIR_FAULTS
/* 0, or the errno that the caller should act as if it had got. */
int base_fault(const char *name);
#define BASE_FAULT(name) base_fault(name)
#else
#define BASE_FAULT(name) 0
#endif

#endif
