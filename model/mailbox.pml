/*
 * The mailbox, adoption and custody: lib/wake/mailbox.c and lib/wake/adopt.c on the OS's side,
 * shim/mailbox_ap.c on the firmware's, lib/cpu/arrive.S and lib/wake/park.c where an AP comes in,
 * lib/wake/hand_back.c and lib/memory/custody.c for what becomes of the firmware's memory.
 *
 *   -DTIMELY      deadlines pass for one AP only, the odd one, which may be dead or slow; whoever
 *                 else is waited for in vain is waited for for ever, a deadlock
 *                 (without: any deadline may pass at any moment, and an AP may be arbitrarily late)
 *   -DFINDING_LOOKS  an AP's looks in vain are left out (see there); not with TIMELY
 *   -DTWO_WAKERS  a second CPU of the OS wakes the last AP, in its turn
 *   -DROUNDS=N    muster_adopt() is called so many times
 *   -DAPS=N
 */
#ifndef APS
#define APS 3
#endif
#define THREADS (APS + 2)
#define WAKER_2 (APS + 1)

#define MAIL_COMMAND 0
#define MAIL_ID      1
#define MAIL_VECTOR  2
#define TURN         3
#define STATE(i)   (3 + (i))
#define CLAIMED(i) (3 + APS + (i))
#define ARRIVED(i) (3 + 2 * APS + (i))
#define ATOMICS    (4 + 3 * APS)
/* A slot's contents and its park stack; the firmware's memory that AP i stands on. */
#define SLOT(i)     ((i) - 1)
#define FIRMWARE(i) (APS + (i) - 1)
#define PLAINS      (2 * APS)

#define NOOP   0
#define WAKEUP 1

#define ABSENT 0
#define PENDING 1
#define OFF 2
#define FAILED 6

/* Who never looks at a word at all need not be thought of. */
#define IS_AP(t) ((t) >= 1 && (t) <= APS)
#ifdef TWO_WAKERS
#define READS(t, loc) (IS_AP(t) ? (loc) != TURN && (loc) < ARRIVED(1) : (loc) != MAIL_ID && (loc) != MAIL_VECTOR)
#else
#define READS(t, loc) ((t) == WAKER_2 || (loc) == TURN ? 0 : \
    IS_AP(t) ? (loc) < ARRIVED(1) : (loc) != MAIL_ID && (loc) != MAIL_VECTOR)
#endif

#include "memory.pml"

#ifdef MUTANT_send_plain
#define SEND_ORDER RELAXED
#else
#define SEND_ORDER RELEASE
#endif
#ifdef MUTANT_look_relaxed
#define LOOK_ORDER RELAXED
#else
#define LOOK_ORDER ACQUIRE
#endif
#ifdef MUTANT_id_relaxed
#define ID_ORDER RELAXED
#else
#define ID_ORDER ACQ_REL
#endif
#ifdef MUTANT_arrived_plain
#define ARRIVED_ORDER RELAXED
#else
#define ARRIVED_ORDER RELEASE
#endif

#define IS_NOOP(v)     ((v) == NOOP)
#define IS_COMMAND(v)  ((v) != NOOP)
#define IS_MINE(v)     ((v) == Pap->i)
#define NOT_PENDING(v) ((v) != PENDING)
#define IS_FREE(v)     ((v) == 0)

byte odd;          /* the AP that may be dead or slow; 0: none */
bool dead;         /* and is dead */
byte looking;      /* APs between a look at the command and what follows of it, by bits */
byte in_firmware;  /* APs on the firmware's memory, by bits */
byte stands[APS + 1]; /* whose CPU is on the park stack of slot i */
byte given_up; /* slots whose CPU counts as lost, by bits */
byte refused; /* slots whose CPU was not the right one, by bits: slot.failure */
byte strays;
byte second_done;

#ifdef TIMELY
#define MAY_EXPIRE(i) (odd == (i))
#else
#define MAY_EXPIRE(i) true
#endif

/* acknowledge() */
#ifdef MUTANT_acknowledge_clears_vector
#define ACKNOWLEDGE_IT STORE(Pap->i, MAIL_VECTOR, 0, RELAXED)
#else
#define ACKNOWLEDGE_IT STORE(Pap->i, MAIL_COMMAND, NOOP, RELEASE)
#endif
#define ACKNOWLEDGE atomic { ACKNOWLEDGE_IT; looking = looking & ~(1 << i) }

proctype ap(byte i)
{
    byte command, id, vector, old, ok;

#ifdef TIMELY
    if
    :: odd == i && dead -> goto done
    :: else
    fi;
#endif

#ifdef FINDING_LOOKS
/*
 * mailbox_ap_look(), command_for(): only the look that finds this AP's own ID, and a command behind
 * it. A look in vain does nothing but tell the AP more, and so does the first look at the command,
 * whose value decides nothing that the second does not decide again. In memory.h who knows less
 * may do all that one may do who knows more: more values are readable, more places free for a
 * store, more accesses are races. So an AP with looks in vain does nothing that one cannot do
 * that is late for its first look; and APs may be arbitrarily late here. Sound for what must never
 * happen. Who waits in vain is not seen this way: that is TIMELY's, where all looks are taken.
 */
look:
end_look:
    if
    AWAIT_OPTIONS(Pap->i, MAIL_ID, ID_ORDER, Pap->id, IS_MINE)
    fi;
    id = 0;
end_look_behind_id:
    if
    AWAIT_OPTIONS(Pap->i, MAIL_COMMAND, LOOK_ORDER, Pap->command, IS_COMMAND)
    fi;
    command = 0;
#else
look: /* shim_ap_main(), mailbox_ap_look() */
end_look: /* whom nobody wakes stays here */
    if
    AWAIT_OPTIONS(Pap->i, MAIL_COMMAND, LOOK_ORDER, now.looking |= 1 << Pap->i; Pap->command, IS_COMMAND)
    fi;
    atomic { /* command_for() */
        LOAD(Pap->i, MAIL_ID, ID_ORDER, Pap->id);
        if
        :: id != i -> looking = looking & ~(1 << i)
        :: else -> command = 0; id = 0; goto for_me
        fi
    };
end_look_again: /* the same look again would bring nothing else */
    atomic {
        c_expr { mem_has_news (M, Pap->i, MAIL_COMMAND, Pap->command) ||
                 mem_has_news (M, Pap->i, MAIL_ID, Pap->id) };
        command = 0; id = 0;
        goto look
    };
for_me:
#ifndef MUTANT_look_once
    /* The command that was seen may have been another's: what stands there now is for this ID. */
    atomic {
        LOAD(Pap->i, MAIL_COMMAND, LOOK_ORDER, Pap->command);
        if
        :: command == NOOP -> looking = looking & ~(1 << i); goto look
        :: else -> command = 0
        fi
    };
#endif
#endif
#ifdef MUTANT_acknowledge_first
    ACKNOWLEDGE;
    LOAD(Pap->i, MAIL_VECTOR, RELAXED, Pap->vector);
#else
    LOAD(Pap->i, MAIL_VECTOR, RELAXED, Pap->vector);
    ACKNOWLEDGE;
#endif
    /* mailbox_ap_leave(), muster_lend(), cpu_leave(); the stub, still on the firmware's tables. */
    atomic {
        assert(vector > 0); /* it is one that the OS wrote */
        READ(Pap->i, FIRMWARE(Pap->i), Pap->id);
        assert(id == 0); /* not scrubbed, not anybody else's */
        in_firmware = in_firmware & ~(1 << i)
    };

    /* arrive_by_slot */
#ifdef MUTANT_slot_by_arrival
    d_step {
        vector = 1;
        do
        :: vector < APS && stands[vector] -> vector++
        :: else -> break
        od
    };
#endif
    atomic {
#ifdef MUTANT_no_claim
        STORE(Pap->i, CLAIMED(Pap->vector), 1, RELEASE);
#else
        SWAP(Pap->i, CLAIMED(Pap->vector), 1, Pap->old);
#endif
        if
        :: old -> strays++; goto done
        :: else
        fi;
        assert(stands[vector] == 0); /* nobody else is on this stack */
        stands[vector] = i;
        /* park_enter(), cpu_load(), park_arrive() */
        WRITE(Pap->i, SLOT(Pap->vector), Pap->i)
    };
#ifndef MUTANT_identity_unchecked
    if
    :: vector != i -> /* MUSTER_ERROR_WRONG_APIC_ID */
        refused = refused | (1 << vector);
        MOVE(Pap->i, STATE(Pap->vector), PENDING, FAILED, Pap->ok);
        goto done
    :: else
    fi;
#endif
    STORE(Pap->i, ARRIVED(Pap->vector), 1, ARRIVED_ORDER);
    atomic {
#ifdef MUTANT_late_enters
        STORE(Pap->i, STATE(Pap->vector), OFF, RELEASE);
#else
        MOVE(Pap->i, STATE(Pap->vector), PENDING, OFF, Pap->ok);
#endif
done:
        command = 0; id = 0; vector = 0; old = 0; ok = 0;
        EXIT(Pap->i)
    }
}

/* mailbox_wake() and mailbox_wake_one(), on thread T for AP n. */
#define WAKE_ONE(T, P, n) \
    AWAIT_TURN(T, P); \
    atomic { \
        r = 0; \
        LOAD(T, STATE(P->n), ACQUIRE, P->r); \
        if \
        :: r != PENDING -> r = 0; goto next \
        :: else -> r = 0 \
        fi \
    }; \
    atomic { \
        LOAD(T, CLAIMED(P->n), ACQUIRE, P->r); \
        if \
        :: r -> r = 0; goto next /* slot_wants_wake() */ \
        :: else \
        fi \
    }; \
    if /* mailbox_wait_noop() */ \
    AWAIT_OPTIONS(T, MAIL_COMMAND, ACQUIRE, P->r, IS_NOOP) \
    :: MAY_EXPIRE(n) -> goto next /* MUSTER_ERROR_MAILBOX_BUSY */ \
    fi; \
    SEND(T, P, n); \
    if \
    AWAIT_OPTIONS(T, MAIL_COMMAND, ACQUIRE, P->r, IS_NOOP) \
    :: MAY_EXPIRE(n) -> /* mailbox_withdraw() */ \
        WITHDRAW(T, P); \
        if \
        :: ok -> ok = 0; SETTLE(T) \
        :: else \
        fi \
    fi; \
next: \
    END_TURN(T, P);

/* mailbox_send() */
#if defined(MUTANT_vector_after_command)
#define SEND(T, P, n) \
    STORE(T, MAIL_ID, P->n, ID_ORDER); \
    STORE(T, MAIL_COMMAND, WAKEUP, SEND_ORDER); \
    STORE(T, MAIL_VECTOR, P->n, RELAXED)
#elif defined(MUTANT_id_after_command)
#define SEND(T, P, n) \
    STORE(T, MAIL_VECTOR, P->n, RELAXED); \
    STORE(T, MAIL_COMMAND, WAKEUP, SEND_ORDER); \
    STORE(T, MAIL_ID, P->n, ID_ORDER)
#else
#define SEND(T, P, n) \
    STORE(T, MAIL_VECTOR, P->n, RELAXED); \
    STORE(T, MAIL_ID, P->n, ID_ORDER); \
    STORE(T, MAIL_COMMAND, WAKEUP, SEND_ORDER)
#endif

#define WITHDRAW(T, P) MOVE(T, MAIL_COMMAND, WAKEUP, NOOP, P->ok)

/* pass_time(SETTLE_NS): who has read the command has cleared it by then, unless it is held up. */
#if defined(TIMELY) && !defined(MUTANT_no_settle)
#define SETTLE(T) \
    atomic { c_expr { !now.looking && mem_settled (M) } -> c_code { mem_catch_up(M, MAIL_COMMAND); } }
#else
#define SETTLE(T) skip
#endif

/* The rule of muster/wake.h: one CPU at a time. Here the host keeps it by a lock. */
#if defined(TWO_WAKERS) && !defined(MUTANT_no_turn)
#define AWAIT_TURN(T, P) \
    do \
    :: ok -> ok = 0; break \
    :: else -> \
        AWAIT(T, TURN, RELAXED, P->r, IS_FREE); \
        MOVE(T, TURN, 0, 1, P->ok) \
    od
#define END_TURN(T, P) STORE(T, TURN, 0, RELEASE)
#else
#define AWAIT_TURN(T, P) skip
#define END_TURN(T, P) skip
#endif

#ifdef TWO_WAKERS
#define LAST_OF_FIRST (APS - 1)
proctype waker_2(byte n)
{
    byte r, ok;
    WAKE_ONE(WAKER_2, Pwaker_2, n)
    second_done = 1;
    EXIT(WAKER_2)
}
#else
#define LAST_OF_FIRST APS
#endif

/* muster_adopt() on the BSP, then what a kernel does with the firmware's memory. */
proctype bsp()
{
    byte n, r, ok, round;

adopt:
    n = 1; given_up = 0;
    do /* choose_pending() */
    :: n <= APS ->
        atomic {
            LOAD(0, ARRIVED(Pbsp->n), ACQUIRE, Pbsp->r);
            if
            :: r -> r = 0
            :: else -> goto not_here
            fi
        };
        MOVE(0, STATE(Pbsp->n), FAILED, OFF, Pbsp->ok);
        goto chosen;
not_here:
        atomic { /* is_refused(): by its failure, or in its slot and FAILED */
            LOAD(0, CLAIMED(Pbsp->n), ACQUIRE, Pbsp->r);
            if
            :: r && (refused & (1 << n)) -> r = 0
            :: else -> r = 0; goto not_refused
            fi
        };
        atomic {
            LOAD(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r);
            if
            :: r == FAILED -> goto chosen
            :: else -> r = 0
            fi
        };
not_refused: /* make_pending() */
        atomic {
            LOAD(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r);
            if
            :: r != ABSENT && r != FAILED -> goto chosen
            :: else -> refused = refused & ~(1 << n)
            fi
        };
        atomic {
            MOVE(0, STATE(Pbsp->n), Pbsp->r, PENDING, Pbsp->ok);
            if
            :: ok -> ok = 0; r = 0
            :: else -> goto chosen
            fi
        };
        atomic { /* one that came in at this very moment, and found itself too late */
            LOAD(0, ARRIVED(Pbsp->n), ACQUIRE, Pbsp->r);
            if
            :: r -> r = 0
            :: else -> goto chosen
            fi
        };
        MOVE(0, STATE(Pbsp->n), PENDING, OFF, Pbsp->ok);
chosen: atomic { r = 0; ok = 0; n++ }
    :: else -> break
    od;
#ifdef TWO_WAKERS
    atomic { c_code { mem_fork(M, 0, WAKER_2); }; run waker_2(APS) };
#endif
    n = 1;
    do /* mailbox_wake() */
    :: n <= LAST_OF_FIRST ->
        WAKE_ONE(0, Pbsp, n)
        n++
    :: else -> break
    od;
    n = 1;
    do /* wait_for_arrivals(), wait_while_pending(); then give_up(), slot_give_up() */
    :: n <= APS ->
        if
        AWAIT_OPTIONS(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r, NOT_PENDING)
        :: MAY_EXPIRE(n) ->
            atomic {
                MOVE(0, STATE(Pbsp->n), PENDING, FAILED, Pbsp->ok);
                if
                :: ok -> given_up = given_up | (1 << n); ok = 0
                :: else
                fi
            }
        fi;
        atomic {
            LOAD(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r);
            if
            :: r == OFF -> /* its contents, such as topology, are the BSP's to read from now on */
                assert(stands[n] == n);
                READ(0, SLOT(Pbsp->n), Pbsp->r);
                assert(r == n)
            :: else
            fi;
            r = 0;
            n++
        }
    :: else -> break
    od;
    round++;
    if
    :: round < ROUNDS -> goto adopt
    :: else
    fi;
    /* muster_ap_in_firmware(), muster_custody_release() */
    n = 1;
    do
#ifdef MUTANT_custody_one_early
    :: n < APS ->
#else
    :: n <= APS ->
#endif
        atomic {
#ifdef MUTANT_custody_by_state
            LOAD(0, STATE(Pbsp->n), ACQUIRE, Pbsp->r);
            r = (r != PENDING);
#elif defined(MUTANT_custody_relaxed)
            LOAD(0, ARRIVED(Pbsp->n), RELAXED, Pbsp->r);
#else
            LOAD(0, ARRIVED(Pbsp->n), ACQUIRE, Pbsp->r);
#endif
            if
            :: !r -> goto in_use /* MUSTER_ERROR_CUSTODY_IN_USE */
            :: else -> r = 0; n++
            fi
        }
    :: else -> break
    od;
    atomic {
        assert(in_firmware == 0);
        n = 1;
        do /* scrub() */
        :: n <= APS -> WRITE(0, FIRMWARE(Pbsp->n), 9); n++
        :: else -> break
        od
    };
in_use:
    atomic { n = 0; r = 0; round = 0; EXIT(0) }
}

init {
    byte i, state, arrived;
    bool nobody_is_waited_for, the_late_stay_lost, off_is_parked, all_but_the_odd_are_off;
    atomic {
        c_code { mem_init(M); };
#ifdef TIMELY
        if
        :: odd = 0
        :: odd = 1
        :: odd = 2
        :: odd = APS; dead = 1
        :: odd = 1; dead = 1
        fi;
#endif
        i = 1;
        do
        :: i <= APS -> in_firmware = in_firmware | (1 << i); i++
        :: else -> break
        od;
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
        do
        :: i <= APS ->
            c_code {
                Pinit->state = (uchar)mem_latest(M, STATE(Pinit->i));
                Pinit->arrived = (uchar)mem_latest(M, ARRIVED(Pinit->i));
            };
            nobody_is_waited_for = (state == OFF || state == FAILED);
            assert(nobody_is_waited_for);
            the_late_stay_lost = (state == FAILED || !(given_up & (1 << i)));
            assert(the_late_stay_lost);
            off_is_parked = (state != OFF || (stands[i] == i && arrived));
            assert(off_is_parked);
#ifdef TIMELY
            all_but_the_odd_are_off = (state == OFF || odd == i);
            assert(all_but_the_odd_are_off);
            assert(strays == 0);
#endif
            i++
        :: else -> break
        od
    }
}
