/*
 * The life of CPUs: lib/lifecycle.c and the park loop of lib/wake/park.c. CPU 0 is the BSP; who
 * is ON turns others on, several at once, waits for them with deadlines that may pass at any
 * moment, and goes off by itself.
 *
 *   -DTIMELY   no deadline ever passes: whoever waits in vain waits for ever, a deadlock
 *   -DBEGIN_ON=N        so many CPUs are ON at first, the others are parked
 *   -DSTARTS_0=N ...    how many starts CPU 0 ... may give
 *   -DOFFS=N            how many times each CPU may go off
 *   -DTARGETS=N         only CPUs from 4 - N on are turned on by others
 */
#define CPUS    4
#define THREADS 4
#define STATE(i)   (i)
#define COMMAND(i) (CPUS + (i))
#define ON_COUNT   (2 * CPUS)
#define ATOMICS    (2 * CPUS + 1)
/* slot->start, and whatever a caller lends with it: stack, per-CPU block. */
#define START(i)   (i)
#define STACK(i)   (CPUS + (i))
#define PLAINS     (2 * CPUS)

#define OFF 2
#define ON_PENDING 3
#define ON 4
#define OFF_PENDING 5
#define FAILED 6

#define PARK_STAY  0
#define PARK_START 1

#include "memory.pml"

#ifdef TIMELY
#define DEADLINE
#else
#define DEADLINE :: true -> goto expired
#endif

#ifdef MUTANT_command_plain
#define COMMAND_ORDER RELAXED
#else
#define COMMAND_ORDER RELEASE
#endif
#ifdef MUTANT_take_relaxed
#define TAKE_ORDER RELAXED /* the load before it, too */
#else
#define TAKE_ORDER ACQ_REL
#endif
#ifdef MUTANT_off_relaxed
#define OFF_ORDER RELAXED
#else
#define OFF_ORDER ACQ_REL
#endif
#ifdef MUTANT_off_seen_relaxed
#define SEEN_ORDER RELAXED
#else
#define SEEN_ORDER ACQUIRE
#endif
#ifdef MUTANT_no_fence
#define SEND(T, to) SEND_UNFENCED(T, to)
#else
#define SEND(T, to) SEND_FENCED(T, to)
#endif

#define NOT_ON_PENDING(v) ((v) != ON_PENDING)
#define GONE_OFF(v)       ((v) == OFF || (v) == FAILED)

byte starts[CPUS];  /* that each may still give */
byte offs[CPUS];    /* that each may still do */
byte up;            /* CPUs that are ON, or have taken their start; the truth behind on_count */
byte stands[CPUS];  /* whose stack each CPU is on, 1 for CPU 0's ...; 0: its slot's own */
byte got[CPUS];     /* which start each CPU has taken last */
bool two_on_a_stack, freed_too_early;

/* A stack is used: by one CPU at a time. */
#define NOBODY_ON(whose) \
    (stands[0] != (whose) && stands[1] != (whose) && stands[2] != (whose) && stands[3] != (whose))

inline stand_on(cpu, whose)
{
    d_step {
        stands[cpu] = 0;
        two_on_a_stack = (whose != 0 && !NOBODY_ON(whose));
        assert(!two_on_a_stack);
        stands[cpu] = whose
    }
}

/* The host has its stack back, and does what it likes with it. */
#define STACK_IS_FREE(i) \
    atomic { \
        freed_too_early = !NOBODY_ON(i + 1); \
        assert(!freed_too_early); \
        WRITE(Pcpu->i, STACK(Pcpu->i), 1); \
        lent = 0 \
    }

proctype cpu(byte i; bool is_on)
{
    byte r, ok, was_pending, count, t, lent;

    if
    :: is_on -> goto at_work
    :: else
    fi;

parked: /* park_run(), park_step() */
    r = 0; ok = 0;
    LOAD(Pcpu->i, COMMAND(Pcpu->i), TAKE_ORDER, Pcpu->r);
    if
    :: r == PARK_START ->
#ifdef MUTANT_take_by_store
        STORE(Pcpu->i, COMMAND(Pcpu->i), PARK_STAY, RELEASE);
        ok = 1;
#else
        MOVE_BY(Pcpu->i, COMMAND(Pcpu->i), PARK_START, PARK_STAY, TAKE_ORDER, Pcpu->ok);
#endif
        if
        :: ok -> goto taken
        :: else
        fi
    :: else
    fi;

    /* park_sleep(): native_sleep() looks once more with interrupts off, then STI and HLT. */
#ifdef MUTANT_sti_early
    if
    :: IRQ(Pcpu->i) -> IRQ_TAKE(Pcpu->i)
    :: true
    fi;
#else
    LOAD(Pcpu->i, COMMAND(Pcpu->i), ACQUIRE, Pcpu->r);
    if
    :: r != PARK_STAY -> goto parked
    :: else
    fi;
#endif
    r = 0; ok = 0;
end_asleep:
    atomic { IRQ(Pcpu->i) -> IRQ_TAKE(Pcpu->i) };
#ifdef MUTANT_no_recheck
    goto end_asleep;
#endif
    goto parked;

taken: /* park_step() goes on, then cpu_enter() */
    ok = 0; r = 0;
    atomic { ADD(Pcpu->i, ON_COUNT, 1); up++ };
    MOVE(Pcpu->i, STATE(Pcpu->i), ON_PENDING, ON, Pcpu->was_pending);
    assert(was_pending);
    READ(Pcpu->i, START(Pcpu->i), Pcpu->r);
    got[i] = r;
    assert(r > 0); /* it is a start that was given */
    stand_on(i, r);
    WRITE(Pcpu->i, STACK(Pcpu->r - 1), 2);
    r = 0; was_pending = 0;

at_work:
    do
    :: starts[i] && !lent ->
        starts[i]--;
        goto turn_on
    :: offs[i] ->
        offs[i]--;
        goto go_off
    :: else -> goto stays
    :: true -> goto stays
    od;

turn_on: /* muster_cpu_on() */
    if
    :: t = 3
#if TARGETS > 1
    :: t = 2
#endif
#if TARGETS > 2
    :: t = 1
#endif
#if TARGETS > 3
    :: t = 0
#endif
    fi;
    if
    :: t == i -> t = 0; goto at_work
    :: else
    fi;
    WRITE(Pcpu->i, STACK(Pcpu->i), 3);
claim: /* claim_for_start() */
#ifdef MUTANT_state_by_store
    LOAD(Pcpu->i, STATE(Pcpu->t), ACQUIRE, Pcpu->r);
    ok = (r == OFF);
    if
    :: ok -> STORE(Pcpu->i, STATE(Pcpu->t), ON_PENDING, RELEASE)
    :: else
    fi;
#else
    MOVE(Pcpu->i, STATE(Pcpu->t), OFF, ON_PENDING, Pcpu->ok);
#endif
    if
    :: !ok ->
        LOAD(Pcpu->i, STATE(Pcpu->t), ACQUIRE, Pcpu->r);
        if
        :: r == OFF -> r = 0; goto claim
        :: else /* ALREADY_ON, ON_PENDING, DENIED: the stack was never lent */
        fi;
        r = 0;
        STACK_IS_FREE(i);
        t = 0;
        goto at_work
    :: else
    fi;
    ok = 0; lent = 1;
    /* slot_tell_start() */
#ifdef MUTANT_command_first
    STORE(Pcpu->i, COMMAND(Pcpu->t), PARK_START, RELEASE);
    WRITE(Pcpu->i, START(Pcpu->t), Pcpu->i + 1);
#else
    WRITE(Pcpu->i, START(Pcpu->t), Pcpu->i + 1);
    STORE(Pcpu->i, COMMAND(Pcpu->t), PARK_START, COMMAND_ORDER);
#endif
    /* slot_wake(): muster_apic_send() */
    if
    :: SEND(Pcpu->i, Pcpu->t)
#ifdef SEND_MAY_FAIL
    :: true -> /* slot_take_start_back() */
        MOVE(Pcpu->i, COMMAND(Pcpu->t), PARK_START, PARK_STAY, Pcpu->ok);
        if
        :: ok ->
            MOVE(Pcpu->i, STATE(Pcpu->t), ON_PENDING, OFF, Pcpu->ok);
            assert(ok);
            ok = 0;
            STACK_IS_FREE(i);
            t = 0;
            goto at_work
        :: else
        fi
#endif
    fi;

    /* muster_cpu_wait(ON): slot_await_on(), await_state() */
    if
    AWAIT_OPTIONS(Pcpu->i, STATE(Pcpu->t), SEEN_ORDER, Pcpu->r, NOT_ON_PENDING)
    DEADLINE
    fi;
    goto waited;
#ifndef TIMELY
expired: /* give_start_up() */
#ifdef MUTANT_give_up_by_store
    LOAD(Pcpu->i, COMMAND(Pcpu->t), ACQUIRE, Pcpu->r);
    ok = (r == PARK_START);
    r = 0;
    if
    :: ok -> STORE(Pcpu->i, COMMAND(Pcpu->t), PARK_STAY, RELEASE)
    :: else
    fi;
#else
#ifdef MUTANT_give_up_blindly
    ok = 1;
#else
    MOVE(Pcpu->i, COMMAND(Pcpu->t), PARK_START, PARK_STAY, Pcpu->ok);
#endif
#endif
    if
    :: ok ->
        MOVE(Pcpu->i, STATE(Pcpu->t), ON_PENDING, FAILED, Pcpu->ok);
        ok = 0;
        STACK_IS_FREE(i);
        t = 0;
        goto at_work
    :: else
    fi;
    /* Taken. It has another millisecond, and keeps its stack in any case. */
    if
    AWAIT_OPTIONS(Pcpu->i, STATE(Pcpu->t), SEEN_ORDER, Pcpu->r, NOT_ON_PENDING)
    :: true
    fi;
#endif
waited:
    ok = 0;
    if
    :: r == OFF || r == FAILED -> /* it has gone off again, or its start was given up */
        r = 0;
        STACK_IS_FREE(i);
        t = 0;
        goto at_work
    :: else
    fi;
    r = 0;
    /* muster_cpu_wait(OFF), if the host likes: slot_await_off() */
    if
    AWAIT_OPTIONS(Pcpu->i, STATE(Pcpu->t), SEEN_ORDER, Pcpu->r, GONE_OFF)
        r = 0;
        STACK_IS_FREE(i)
    :: true /* or not: the stack stays lent */
    fi;
    t = 0; r = 0;
    goto at_work;

go_off: /* muster_cpu_off(), leave_the_others() */
    LOAD(Pcpu->i, ON_COUNT, ACQUIRE, Pcpu->count);
    if
    :: count <= 1 -> count = 0; goto at_work /* MUSTER_DENIED */
    :: else
    fi;
#ifdef MUTANT_count_by_store
    STORE(Pcpu->i, ON_COUNT, Pcpu->count - 1, RELEASE);
    up--;
#else
    atomic {
        MOVE(Pcpu->i, ON_COUNT, Pcpu->count, Pcpu->count - 1, Pcpu->ok);
        if
        :: ok -> up--
        :: else
        fi
    };
    if
    :: !ok -> count = 0; goto go_off
    :: else
    fi;
#endif
#ifdef MUTANT_count_twice
    ADD(Pcpu->i, ON_COUNT, -1);
#endif
    assert(up > 0); /* the last CPU stays */
    count = 0;
    MOVE(Pcpu->i, STATE(Pcpu->i), ON, OFF_PENDING, Pcpu->ok);
    assert(ok);
    ok = 0;
    /* cpu_go_off(): off the host's stack; then park_return(). */
#ifdef MUTANT_off_too_early
    MOVE_BY(Pcpu->i, STATE(Pcpu->i), OFF_PENDING, OFF, OFF_ORDER, Pcpu->ok);
#endif
    if
    :: stands[i] ->
        WRITE(Pcpu->i, STACK(now.stands[Pcpu->i] - 1), 4);
        stand_on(i, 0)
    :: else
    fi;
#ifndef MUTANT_off_too_early
    MOVE_BY(Pcpu->i, STATE(Pcpu->i), OFF_PENDING, OFF, OFF_ORDER, Pcpu->ok);
#endif
    assert(ok);
    ok = 0;
    goto parked;

stays: /* ON, for good */
    r = 0; t = 0; lent = 0;
    EXIT(Pcpu->i)
}

init {
    byte i, state, command, count, on;
    bool nobody_is_waited_for, no_wake_is_lost, count_is_true;
    atomic {
        c_code {
            mem_init(M);
            for (int i = 0; i < CPUS; i++)
                mem_preset(M, STATE(i), i < BEGIN_ON ? ON : OFF);
            mem_preset(M, ON_COUNT, BEGIN_ON);
        };
        up = BEGIN_ON;
        starts[0] = STARTS_0; starts[1] = STARTS_1; starts[2] = STARTS_2; starts[3] = STARTS_3;
        offs[0] = OFFS; offs[1] = OFFS; offs[2] = OFFS; offs[3] = OFFS;
        run cpu(0, 1);
        run cpu(1, BEGIN_ON > 1);
        run cpu(2, BEGIN_ON > 2);
        run cpu(3, BEGIN_ON > 3)
    };
    /* Nobody can take another step: nobody waits any more, but those who are parked. */
    atomic {
        timeout ->
        do
        :: i < CPUS ->
            c_code {
                Pinit->state = (uchar)mem_latest(M, STATE(Pinit->i));
                Pinit->command = (uchar)mem_latest(M, COMMAND(Pinit->i));
            };
            nobody_is_waited_for = (state == ON || state == OFF || state == FAILED);
            assert(nobody_is_waited_for);
            no_wake_is_lost = (command == PARK_STAY);
            assert(no_wake_is_lost);
            on = on + (state == ON);
            i++
        :: else -> break
        od;
        c_code { Pinit->count = (uchar)mem_latest(M, ON_COUNT); };
        count_is_true = (count == on && on == up && on >= 1);
        assert(count_is_true)
    }
}
