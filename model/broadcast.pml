/*
 * One interrupt to all: muster_start() of lib/lifecycle.c, while a CPU that is already on turns
 * another one on, beside a CPU that nobody may reach: one that the tables list as disabled.
 * Who waits in vain waits for ever, a deadlock. The life of one CPU alone is in life.pml.
 */
#define APS     3
#define THREADS (APS + 2)
#define UNCOUNTED (APS + 1)
#define STATE(i)   ((i) - 1)
#define COMMAND(i) (APS + (i) - 1)
#define ATOMICS    (2 * APS)
#define START(i)   ((i) - 1)
#define PLAINS     APS

#define OFF 2
#define ON_PENDING 3
#define ON 4

#define PARK_STAY  0
#define PARK_START 1

#include "memory.pml"

#ifdef MUTANT_broadcast_unfenced
#define SEND_TO_ALL \
    c_code { for (int to = 1; to <= APS; to++) mem_irq_send(M, 0, to, 0); }; \
    REACH_UNCOUNTED
#else
#define SEND_TO_ALL \
    atomic { \
        c_expr { mem_drained (M, 0) } -> \
        c_code { for (int to = 1; to <= APS; to++) mem_irq_send(M, 0, to, 1); }; \
        REACH_UNCOUNTED \
    }
#endif
#define REACH_UNCOUNTED assert(!disabled_count) /* it is asleep in firmware's memory */

#define NOT_ON_PENDING(v) ((v) != ON_PENDING)

bool disabled_count;
byte given[APS + 1]; /* starts that somebody won */
byte begun[APS + 1];

/* claim_for_start(), slot_tell_start() */
#define TELL(T, P, n) \
    MOVE(T, STATE(P->n), OFF, ON_PENDING, P->ok); \
    if \
    :: ok -> \
        given[n]++; \
        WRITE(T, START(P->n), T + 1); \
        STORE(T, COMMAND(P->n), PARK_START, RELEASE) \
    :: else \
    fi

proctype ap(byte i)
{
    byte r, ok, other;

parked: /* park_run(), park_step() */
    MOVE(Pap->i, COMMAND(Pap->i), PARK_START, PARK_STAY, Pap->ok);
    if
    :: ok -> ok = 0; goto taken
    :: else
    fi;
    LOAD(Pap->i, COMMAND(Pap->i), ACQUIRE, Pap->r); /* native_sleep() */
    if
    :: r != PARK_STAY -> r = 0; goto parked
    :: else
    fi;
end_asleep:
    atomic { IRQ(Pap->i) -> IRQ_TAKE(Pap->i); goto parked };

taken:
    MOVE(Pap->i, STATE(Pap->i), ON_PENDING, ON, Pap->ok);
    assert(ok);
    READ(Pap->i, START(Pap->i), Pap->r);
    assert(r > 0); /* it is one that was given */
    begun[i]++;
    r = 0; ok = 0;
    if
    :: i == 1 -> other = APS /* muster_cpu_on(), slot_wake() */
    :: else -> goto done
    fi;
    TELL(Pap->i, Pap, other);
    if
    :: ok -> SEND_FENCED(Pap->i, Pap->other)
    :: else
    fi;
done:
    atomic { r = 0; ok = 0; other = 0; EXIT(Pap->i) }
}

proctype bsp()
{
    byte n, r, ok, told;
    bool together;

    n = 1;
    together = 1;
    do /* may_start_together() */
    :: n <= APS ->
        LOAD(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r);
        if
        :: r != OFF -> together = 0
        :: else
        fi;
        n++
    :: else -> break
    od;
#ifndef MUTANT_disabled_is_reached
    if
    :: disabled_count -> together = 0
    :: else
    fi;
#endif
#ifdef MUTANT_broadcast_before_told
    if
    :: together -> SEND_TO_ALL
    :: else
    fi;
#endif
    n = 1;
    do /* tell_all() */
    :: n <= APS ->
        TELL(0, Pbsp, n);
        told = told + ok;
        ok = 0;
        n++
    :: else -> break
    od;
    if /* start_together() */
#ifdef MUTANT_broadcast_before_told
    :: together && told == APS -> goto sent
#endif
#ifdef MUTANT_not_all_told_nobody_roused
    :: together && told < APS -> goto sent
#endif
    :: together && told == APS -> SEND_TO_ALL; goto sent
    :: else
    fi;
    n = 1;
    do /* each that was told gets its own: slot_wake() */
    :: n <= APS ->
        LOAD(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r);
        if
        :: r == ON_PENDING -> SEND_FENCED(0, Pbsp->n)
        :: else
        fi;
        n++
    :: else -> break
    od;
sent:
    n = 1;
    do /* await_all() */
    :: n <= APS -> AWAIT(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r, NOT_ON_PENDING); n++
    :: else -> break
    od;
    atomic { n = 0; r = 0; told = 0; EXIT(0) }
}

init {
    byte i, state;
    bool all_are_on, each_start_is_taken_once;
    atomic {
        c_code {
            mem_init(M);
            for (int i = 1; i <= APS; i++)
                mem_preset(M, STATE(i), OFF);
        };
        if
        :: disabled_count = 0
        :: disabled_count = 1
        fi;
        run bsp();
        run ap(1);
        run ap(2);
        run ap(3);
        i = 1
    };
    atomic {
        timeout ->
        do
        :: i <= APS ->
            c_code { Pinit->state = (uchar)mem_latest(M, STATE(Pinit->i)); };
            all_are_on = (state == ON);
            assert(all_are_on);
            each_start_is_taken_once = (given[i] == 1 && begun[i] == 1);
            assert(each_start_is_taken_once);
            i++
        :: else -> break
        od
    }
}
