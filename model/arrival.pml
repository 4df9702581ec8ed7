/*
 * A start that is given before its CPU is there, and the way back to the firmware:
 * lib/wake/early.c, adopt.c, hand_back.c, park.c. How an AP is called is in mailbox.pml; here a
 * word for each AP stands for the firmware's loop.
 *
 *   -DTIMELY      no deadline passes: whoever waits in vain waits for ever, a deadlock
 *   -DON_ARRIVAL  the BSP gives each AP its start first, then adopts
 *   -DHAND_BACK   the BSP adopts, hands each AP back, then adopts again
 */
#ifndef APS
#define APS 3
#endif
#define THREADS (APS + 1)

#define STATE(i)    ((i) - 1)
#define COMMAND(i)  (APS + (i) - 1)
#define CLAIMED(i)  (2 * APS + (i) - 1)
#define ARRIVED(i)  (3 * APS + (i) - 1)
#define MAIL(i)     (4 * APS + (i) - 1) /* Noop, Wakeup or Test for this AP */
#define ON_COUNT    (5 * APS)
#define ATOMICS     (5 * APS + 1)
#define START(i)    ((i) - 1)
#define STACK(i)    (APS + (i) - 1) /* the slot's own */
#define PLAINS      (2 * APS)
#define KNOWLEDGE   unsigned __int128

/* An AP looks at its own slot only. */
#define READS(t, loc) \
    ((t) == 0 || (loc) == ON_COUNT || (loc) % APS == (t) - 1)
#include "memory.pml"

#define NOOP   0
#define WAKEUP 1
#define TEST   2

#define ABSENT 0
#define PENDING 1
#define OFF 2
#define ON_PENDING 3
#define ON 4
#define OFF_PENDING 5
#define FAILED 6

#define PARK_STAY 0
#define PARK_START 1
#define PARK_HAND_BACK 2

#define IS_NOOP(v)        ((v) == NOOP)
#define IS_COMMAND(v)     ((v) != NOOP)
#define NOT_STAY(v)       ((v) != PARK_STAY)
#define NOT_PENDING(v)    ((v) != PENDING)
#define NOT_ON_PENDING(v) ((v) != ON_PENDING)

#ifdef TIMELY
#define DEADLINE
#else
#define DEADLINE :: true
#endif

byte runs;       /* the host's code, by bits */
byte given_up;   /* whose start is the host's again, by bits */
byte in_slot;    /* on the slot's stack, by bits */
byte strays;

proctype ap(byte i)
{
    byte r, ok, state;

firmware:
end_firmware:
    if
    AWAIT_OPTIONS(Pap->i, MAIL(Pap->i), ACQUIRE, Pap->r, IS_COMMAND)
    fi;
    STORE(Pap->i, MAIL(Pap->i), NOOP, RELEASE); /* acknowledge() */
    if
    :: r == TEST -> r = 0; goto firmware
    :: else -> r = 0
    fi;

    SWAP(Pap->i, CLAIMED(Pap->i), 1, Pap->r); /* found */
    if
    :: r -> strays++; goto done
    :: else
    fi;
    atomic {
        assert(!(in_slot & (1 << i)));
        in_slot = in_slot | (1 << i);
        WRITE(Pap->i, STACK(Pap->i), 1)
    };
    /* park_arrive(), slot_state_at_arrival() */
    LOAD(Pap->i, COMMAND(Pap->i), ACQUIRE, Pap->r);
#ifdef MUTANT_off_at_arrival
    r = PARK_STAY;
#endif
    state = (r == PARK_START -> ON_PENDING : OFF);
    r = 0;
    STORE(Pap->i, ARRIVED(Pap->i), 1, RELEASE);
    MOVE(Pap->i, STATE(Pap->i), PENDING, Pap->state, Pap->ok);
    ok = 0; state = 0;

end_parked: /* park_run(), park_step(); what wakes it is in life.pml */
    if
    AWAIT_OPTIONS(Pap->i, COMMAND(Pap->i), ACQUIRE, Pap->r, NOT_STAY)
    fi;
    if
    :: r == PARK_HAND_BACK -> goto leave
    :: else -> r = 0
    fi;
#ifdef MUTANT_early_start_by_store
    STORE(Pap->i, COMMAND(Pap->i), PARK_STAY, RELEASE);
    ok = 1;
#else
    MOVE(Pap->i, COMMAND(Pap->i), PARK_START, PARK_STAY, Pap->ok);
#endif
    if
    :: ok -> ok = 0
    :: else -> goto end_parked
    fi;
    ADD(Pap->i, ON_COUNT, 1);
    MOVE(Pap->i, STATE(Pap->i), ON_PENDING, ON, Pap->ok);
    /* cpu_enter() */
    atomic {
        assert(!(given_up & (1 << i)));
        READ(Pap->i, START(Pap->i), Pap->r);
        assert(r == 1); /* whole */
        runs = runs | (1 << i);
        goto done
    };

leave: /* cpu_leave() */
    r = 0;
#ifdef MUTANT_leave_by_store
    STORE(Pap->i, COMMAND(Pap->i), PARK_STAY, RELEASE);
    ok = 1;
#else
    MOVE(Pap->i, COMMAND(Pap->i), PARK_HAND_BACK, PARK_STAY, Pap->ok);
#endif
    if
    :: ok -> ok = 0
    :: else -> goto end_parked
    fi;
    atomic {
        WRITE(Pap->i, STACK(Pap->i), 0);
        in_slot = in_slot & ~(1 << i);
        goto firmware
    };
done:
    atomic { r = 0; ok = 0; state = 0; EXIT(Pap->i) }
}

/* muster_adopt(): make_pending(), the wakes, wait_while_pending(), slot_give_up() */
inline adopt()
{
    n = 1;
    do
    :: n <= APS ->
        LOAD(0, ARRIVED(Pbsp->n), ACQUIRE, Pbsp->r);
        if
        :: r -> MOVE(0, STATE(Pbsp->n), FAILED, OFF, Pbsp->ok)
        :: else -> ok = 0
        fi;
        if
        :: ok -> ok = 0; r = 0; goto chosen
        :: else
        fi;
        LOAD(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r);
        if
        :: r == ABSENT || r == FAILED ->
            MOVE(0, STATE(Pbsp->n), Pbsp->r, PENDING, Pbsp->ok);
            LOAD(0, ARRIVED(Pbsp->n), ACQUIRE, Pbsp->r);
            if
            :: r -> MOVE(0, STATE(Pbsp->n), PENDING, OFF, Pbsp->ok)
            :: else
            fi
        :: else
        fi;
chosen:
        r = 0; ok = 0;
        n++
    :: else -> break
    od;
    n = 1;
    do
    :: n <= APS -> /* slot_wants_wake(), mailbox_wake_one() */
        LOAD(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r);
        if
        :: r == PENDING ->
            LOAD(0, CLAIMED(Pbsp->n), ACQUIRE, Pbsp->r);
            if
            :: r == 0 -> STORE(0, MAIL(Pbsp->n), WAKEUP, RELEASE)
            :: else
            fi
        :: else
        fi;
        r = 0;
        n++
    :: else -> break
    od;
    n = 1;
    do
    :: n <= APS ->
        if
        AWAIT_OPTIONS(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r, NOT_PENDING)
        DEADLINE
        fi;
        give_up();
        n++
    :: else -> break
    od
}

/* slot_give_up() */
inline give_up()
{
    LOAD(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r);
    if
    :: r == PENDING ->
        taken = 0;
#ifndef MUTANT_start_stays
        LOAD(0, COMMAND(Pbsp->n), ACQUIRE, Pbsp->r); /* slot_take_early_start() */
        if
        :: r == PARK_START -> MOVE(0, COMMAND(Pbsp->n), PARK_START, PARK_STAY, Pbsp->taken)
        :: else
        fi;
#endif
        MOVE(0, STATE(Pbsp->n), PENDING, FAILED, Pbsp->ok);
        atomic {
            if
            :: ok -> given_up = given_up | (1 << n); WRITE(0, START(Pbsp->n), 9)
            :: else
            fi
        };
#ifndef MUTANT_taken_and_forgotten
        if
        :: !ok && taken -> MOVE(0, STATE(Pbsp->n), ON_PENDING, OFF, Pbsp->ok)
        :: else
        fi;
#endif
        taken = 0; ok = 0
    :: else
    fi;
    r = 0
}

/* muster_cpu_hand_back(): tell_to_leave(), make_sure(), slot_vacate() */
inline hand_back()
{
    MOVE(0, STATE(Pbsp->n), OFF, OFF_PENDING, Pbsp->ok);
    if
    :: ok ->
        STORE(0, COMMAND(Pbsp->n), PARK_HAND_BACK, RELEASE);
        failed = 0;
#ifndef MUTANT_no_test
        STORE(0, MAIL(Pbsp->n), TEST, RELEASE); /* mailbox_test() */
        if
        AWAIT_OPTIONS(0, MAIL(Pbsp->n), ACQUIRE, Pbsp->r, IS_NOOP)
#ifndef TIMELY
        :: true -> failed = 1; MOVE(0, MAIL(Pbsp->n), TEST, NOOP, Pbsp->ok)
#endif
        fi;
#endif
        MOVE(0, COMMAND(Pbsp->n), PARK_HAND_BACK, PARK_STAY, Pbsp->ok);
        if
        :: ok -> failed = 1 /* it never looked: still parked */
        :: else ->
            nobody_is_in_it = (failed || !(in_slot & (1 << n)));
            assert(nobody_is_in_it);
#ifndef MUTANT_not_vacated
            STORE(0, ARRIVED(Pbsp->n), 0, RELEASE);
            STORE(0, CLAIMED(Pbsp->n), 0, RELEASE);
#endif
            skip
        fi;
        r = (failed -> FAILED : ABSENT);
        MOVE(0, STATE(Pbsp->n), OFF_PENDING, Pbsp->r, Pbsp->ok);
        ok = 0; r = 0; failed = 0
    :: else
    fi
}

proctype bsp()
{
    byte n, r, ok, taken, failed, again;
    bool nobody_is_in_it;

#ifdef ON_ARRIVAL
    n = 1;
    do /* muster_cpu_on_arrival() */
    :: n <= APS ->
        WRITE(0, START(Pbsp->n), 1);
        STORE(0, COMMAND(Pbsp->n), PARK_START, RELEASE);
        n++
    :: else -> break
    od;
#endif
adoption:
    adopt();
#ifdef ON_ARRIVAL
    n = 1;
    do /* await_all(), slot_await_on(), give_start_up() */
    :: n <= APS ->
        if
        AWAIT_OPTIONS(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r, NOT_ON_PENDING)
#ifndef TIMELY
        :: true ->
            MOVE(0, COMMAND(Pbsp->n), PARK_START, PARK_STAY, Pbsp->ok);
            if
            :: ok ->
                MOVE(0, STATE(Pbsp->n), ON_PENDING, FAILED, Pbsp->ok);
                atomic { given_up = given_up | (1 << n); WRITE(0, START(Pbsp->n), 9) }
            :: else
            fi
#endif
        fi;
        r = 0; ok = 0;
        n++
    :: else -> break
    od;
#endif
#ifdef HAND_BACK
    n = 1;
    if
    :: again -> goto done
    :: else -> again = 1
    fi;
    do
    :: n <= APS -> hand_back(); n++
    :: else -> break
    od;
    goto adoption;
#endif
done:
    atomic { n = 0; again = 0; EXIT(0) }
}

init {
    byte i, state, command, count;
    bool nobody_is_waited_for, all_have_come, off_is_parked, runs_is_on, count_is_true;
    atomic {
        c_code { mem_init(M); };
        run bsp();
        run ap(1);
        run ap(2);
#if APS > 2
        run ap(3);
#endif
        i = 1
    };
    atomic {
        timeout ->
        c_code { Pinit->count = (uchar)mem_latest(M, ON_COUNT); };
        do
        :: i <= APS ->
            c_code {
                Pinit->state = (uchar)mem_latest(M, STATE(Pinit->i));
                Pinit->command = (uchar)mem_latest(M, COMMAND(Pinit->i));
            };
            nobody_is_waited_for = (state == ON || state == OFF || state == FAILED);
            assert(nobody_is_waited_for);
            off_is_parked = (state != OFF || (in_slot & (1 << i)));
            assert(off_is_parked);
            runs_is_on = ((state == ON) == ((runs & (1 << i)) != 0));
            assert(runs_is_on);
#ifdef TIMELY
#ifdef ON_ARRIVAL
            all_have_come = (state == ON);
#else
            all_have_come = (state == OFF);
#endif
            assert(all_have_come);
            assert(strays == 0);
#endif
            count = count - (state == ON);
            i++
        :: else -> break
        od;
        count_is_true = (count == 0);
        assert(count_is_true)
    }
}
