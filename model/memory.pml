/*
 * The steps that processes take on shared memory (memory.h): each is one atomic step, and offers
 * every outcome that the memory order allows. T is the thread, and all arguments are C: a
 * process's own x is Pname->x there.
 *
 * The names are those of lib/atomic.h; ..._OPTIONS are for an if or do of the model's own.
 */
#ifndef MESSAGES
#define MESSAGES (ATOMICS + 32)
#endif
#ifndef HISTORY
#define HISTORY 10 /* the macros below have so many alternatives */
#endif
#ifndef BUFFER
#define BUFFER 6
#endif
#ifndef READS
#define READS(t, loc) 1
#endif
#ifndef LEAST_KNOWN /* see memory.h */
#define LEAST_KNOWN 0
#endif
#ifndef KNOWLEDGE
#define KNOWLEDGE unsigned long long
#endif

#define RELAXED 0
#define ACQUIRE 1
#define RELEASE 1
#define ACQ_REL 1

/* In lower case there: what cpp has made of these names is all that C sees. */
c_decl {
    enum { threads = THREADS, atomics = ATOMICS, plains = PLAINS, messages = MESSAGES,
           history = HISTORY, buffer_size = BUFFER, least_known = LEAST_KNOWN };
    typedef KNOWLEDGE know_t;
    static inline int mem_reads(int t, int loc) { return (void)t, (void)loc, READS(t, loc); }
\#include "memory.h"
}
c_state "struct memory mem" "Global"

#define M &now.mem
#define ANY(value) 1

/* A load, and one that waits until there is a value V for which test(V) holds. */
#define LOAD_K(T, loc, order, reg, test, k) \
    :: atomic { c_expr { mem_readable (M, T, loc, k) && test(mem_at (M, T, loc, k)) } -> \
        c_code { reg = (uchar)mem_load(M, T, loc, k, order); } }
#define AWAIT_OPTIONS(T, loc, order, reg, test) \
    LOAD_K(T, loc, order, reg, test, 0) LOAD_K(T, loc, order, reg, test, 1) \
    LOAD_K(T, loc, order, reg, test, 2) LOAD_K(T, loc, order, reg, test, 3) \
    LOAD_K(T, loc, order, reg, test, 4) LOAD_K(T, loc, order, reg, test, 5) \
    LOAD_K(T, loc, order, reg, test, 6) LOAD_K(T, loc, order, reg, test, 7) \
    LOAD_K(T, loc, order, reg, test, 8) LOAD_K(T, loc, order, reg, test, 9)
#define AWAIT(T, loc, order, reg, test) if AWAIT_OPTIONS(T, loc, order, reg, test) fi
#define LOAD(T, loc, order, reg) AWAIT(T, loc, order, reg, ANY)

#define STORE_K(T, loc, v, order, k) \
    :: atomic { c_expr { mem_storable (M, T, loc, k) } -> \
        c_code { mem_store(M, T, loc, k, v, order); } }
#define STORE(T, loc, v, order) \
    if STORE_K(T, loc, v, order, 0) STORE_K(T, loc, v, order, 1) STORE_K(T, loc, v, order, 2) \
    STORE_K(T, loc, v, order, 3) STORE_K(T, loc, v, order, 4) STORE_K(T, loc, v, order, 5) \
    STORE_K(T, loc, v, order, 6) STORE_K(T, loc, v, order, 7) \
    STORE_K(T, loc, v, order, 8) STORE_K(T, loc, v, order, 9) fi

/* word_move(): ok says whether it was from, and is now to. */
#define MOVE_K(T, loc, from, to, order, ok, k) \
    :: atomic { c_expr { mem_swappable (M, T, loc, k) && mem_at (M, T, loc, k) == (from) } -> \
        c_code { mem_swap(M, T, loc, k, to, order); ok = 1; } } \
    :: atomic { c_expr { mem_comparable (M, T, loc, k) && mem_at (M, T, loc, k) != (from) } -> \
        c_code { mem_load(M, T, loc, k, order); ok = 0; } }
#define MOVE_BY(T, loc, from, to, order, ok) \
    if MOVE_K(T, loc, from, to, order, ok, 0) MOVE_K(T, loc, from, to, order, ok, 1) \
    MOVE_K(T, loc, from, to, order, ok, 2) MOVE_K(T, loc, from, to, order, ok, 3) \
    MOVE_K(T, loc, from, to, order, ok, 4) MOVE_K(T, loc, from, to, order, ok, 5) \
    MOVE_K(T, loc, from, to, order, ok, 6) MOVE_K(T, loc, from, to, order, ok, 7) \
    MOVE_K(T, loc, from, to, order, ok, 8) MOVE_K(T, loc, from, to, order, ok, 9) fi
#define MOVE(T, loc, from, to, ok) MOVE_BY(T, loc, from, to, ACQ_REL, ok)

/* word_fetch_add(), and a swap (lock bts): old gets what was there. */
#define SWAP_K(T, loc, v, old, k) \
    :: atomic { c_expr { mem_swappable (M, T, loc, k) } -> c_code { \
        old = (uchar)mem_at(M, T, loc, k); mem_swap(M, T, loc, k, v, ACQ_REL); } }
#define SWAP(T, loc, v, old) \
    if SWAP_K(T, loc, v, old, 0) SWAP_K(T, loc, v, old, 1) SWAP_K(T, loc, v, old, 2) \
    SWAP_K(T, loc, v, old, 3) SWAP_K(T, loc, v, old, 4) SWAP_K(T, loc, v, old, 5) \
    SWAP_K(T, loc, v, old, 6) SWAP_K(T, loc, v, old, 7) \
    SWAP_K(T, loc, v, old, 8) SWAP_K(T, loc, v, old, 9) fi
/* word_fetch_add(0): what is there, and not what was there. */
#define FETCH_K(T, loc, old, k) \
    :: atomic { c_expr { mem_swappable (M, T, loc, k) } -> c_code { \
        old = (uchar)mem_at(M, T, loc, k); mem_swap(M, T, loc, k, old, ACQ_REL); } }
#define FETCH(T, loc, old) \
    if FETCH_K(T, loc, old, 0) FETCH_K(T, loc, old, 1) FETCH_K(T, loc, old, 2) \
    FETCH_K(T, loc, old, 3) FETCH_K(T, loc, old, 4) FETCH_K(T, loc, old, 5) \
    FETCH_K(T, loc, old, 6) FETCH_K(T, loc, old, 7) \
    FETCH_K(T, loc, old, 8) FETCH_K(T, loc, old, 9) fi
#define ADD_K(T, loc, n, k) \
    :: atomic { c_expr { mem_swappable (M, T, loc, k) } -> c_code { \
        mem_swap(M, T, loc, k, mem_at(M, T, loc, k) + (n), ACQ_REL); } }
#define ADD(T, loc, n) \
    if ADD_K(T, loc, n, 0) ADD_K(T, loc, n, 1) ADD_K(T, loc, n, 2) \
    ADD_K(T, loc, n, 3) ADD_K(T, loc, n, 4) ADD_K(T, loc, n, 5) \
    ADD_K(T, loc, n, 6) ADD_K(T, loc, n, 7) \
    ADD_K(T, loc, n, 8) ADD_K(T, loc, n, 9) fi

/* Plain memory: under C11 an error unless the last access to it happened before. */
#define WRITE(T, p, v) \
    c_code [mem_may_touch(M, T, p)] { mem_write(M, T, p, v); }
#define READ(T, p, reg) \
    c_code [mem_may_touch(M, T, p)] { reg = (uchar)mem_read(M, T, p); }

/* An interrupt through the x2APIC, behind MFENCE and LFENCE (order_before_x2apic()) or not. */
#define SEND_FENCED(T, to) \
    atomic { c_expr { mem_drained (M, T) } -> c_code { mem_irq_send(M, T, to, 1); } }
#define SEND_UNFENCED(T, to) c_code { mem_irq_send(M, T, to, 0); }
#define IRQ(T) c_expr { now.mem.irq[T] }
#define IRQ_TAKE(T) c_code { mem_irq_take(M, T); }

/* Its last step. Its stores come to memory all the same. */
#define EXIT(T) atomic { c_expr { mem_drained (M, T) } -> c_code { mem_exit(M, T); } }

/* What a word is in the end: for the judge at the end of a model, who is none of its CPUs. */
#define LATEST(loc) c_expr { mem_latest (M, loc) }

/* x86: each buffer empties by itself, at any time, the oldest store first. */
#ifdef ORDER_TSO
#define DRAIN_T(t) :: atomic { c_expr { !mem_drained (M, t) } -> c_code { mem_drain(M, t); } }
active proctype buffers()
{
end:
    do
    DRAIN_T(0)
    DRAIN_T(1)
#if THREADS > 2
    DRAIN_T(2)
#endif
#if THREADS > 3
    DRAIN_T(3)
#endif
#if THREADS > 4
    DRAIN_T(4)
#endif
#if THREADS > 5
    DRAIN_T(5)
#endif
    od
}
#endif
