/*
 * Who looks out at the mailbox while all others sleep: shim/lookout.c, shim/mailbox.c. The OS calls
 * APs by any order, one after the other; what a command is made of is in mailbox.pml.
 *
 * Time passes when nobody can take another step: then each sleeper's timer ends its sleep. A tick
 * that somebody needs is a command that waits 200 ms for nothing.
 *
 *   -DAPS=N
 *   -DMORTAL     one AP may die, at any step; its command then expires
 *   -DNO_NAPS    who looks out pauses and never naps: C11's histories would not fit
 *   -DEARLY=N    so many sleeps end by themselves while others are at work, and find that nobody
 *                has looked, whether that is so or not
 *
 * What is left out, and why that loses nothing:
 *
 *   The APs stand in a ring, and nothing else tells one from another. So AP 1 stands for whoever
 *   is called first; with MORTAL it stands for who may die, and anybody is called first.
 *   What a process does not look at again is set to 0, so that equal states are the same state.
 *   An AP dies before one of its writes or in its sleep: by a read nobody sees that it still lived.
 *   Nobody but the AP itself moves its rest from AWAKE, so that it is not read again where it
 *   has just become that.
 */
#ifndef APS
#define APS 3
#endif
#ifndef EARLY
#define EARLY 0
#endif
#define THREADS (APS + 1)

#define MAIL_COMMAND 0
#define MAIL_ID 1
#define DUTY    2 /* whose it is; 0: nobody's */
#define REST(i) (2 + (i))
#define ATOMICS (3 + APS)
#define PLAINS  0

#define NOOP   0
#define WAKEUP 1

#define AWAKE  0
#define ASLEEP 1
#define ROUSED 2

#define LEAST_KNOWN 1 /* its steps wait for what is so, not for what they know of it (memory.h) */
#define READS(t, loc) ((t) != 0 || (loc) == MAIL_COMMAND)
#include "memory.pml"

#define IS_NOOP(v) ((v) == NOOP)
#define BIT(i) (1 << (i))

byte waiting;  /* states[]: MAILBOX_AP_WAITING, by bits */
byte mortal;   /* who may die; 0: nobody */
byte dead;     /* by bits */
byte napping;  /* asleep, for 4 ms only */
byte looked;   /* for whom looks differs from what it was before the sleep */
byte rings;    /* whose timer has come */
byte misses;   /* who is roused, and misses the interrupt */
byte early;
byte was[APS + 1]; /* whose the duty was when each lay down, unless somebody has looked since */
byte called;   /* whom the OS waits for */
byte ticks;    /* that a command has waited for */
byte quiet_ticks;

#ifdef MUTANT_called_by_a_later_look
#define IF_QUIET later_look
#define IF_BUSY  later_look
#else
#define IF_QUIET quiet
#define IF_BUSY  busy
#endif
#ifdef MORTAL
#define MAY_DIE if :: i == mortal -> goto dies :: true fi
#else
#define MAY_DIE skip
#endif

/*
 * rouse(), lookout_rouse(), muster_apic_send(). One step, unless it dies in between: only the one
 * that is roused sees whether the interrupt is there, and waits for it until it is.
 */
#define ROUSE(to) \
    atomic { \
        MOVE(Pap->i, REST(Pap->to), ASLEEP, ROUSED, Pap->ok); \
        if \
        :: ok -> ok = 0; MAY_DIE; SEND_FENCED(Pap->i, Pap->to); MAY_DIE \
        :: else \
        fi \
    }

/* lookout_pass_on(): tries until it succeeds, by which it learns what the trials before told it. */
#ifdef MUTANT_pass_on_by_store
#define PASS_ON STORE(Pap->i, DUTY, Pap->next, RELEASE)
#else
#define PASS_ON SWAP(Pap->i, DUTY, Pap->next, Pap->duty)
#endif

/* lookout_be_roused(), in the handler */
#define BE_ROUSED MOVE(Pap->i, REST(Pap->i), ROUSED, AWAKE, Pap->ok); goto is_up

/*
 * Under C11, loads and the write that they lead to are one step. What a thread may read does not
 * become less by what others do, and what it has read nobody sees: so a thread that reads early
 * does nothing that one cannot do that reads when it comes to write. What it read of waiting
 * meanwhile is as good: only who is called leaves, and who has left is AWAKE for good.
 */
#ifdef ORDER_TSO
#define LOADS
#else
#define LOADS atomic
#endif

/* What it polls; the same look again would bring nothing else. */
#define SEES_NEWS \
    (Pap->command != mem_latest(M, MAIL_COMMAND) || Pap->i != mem_latest(M, DUTY) || \
     (Pap->command != NOOP && Pap->id != mem_latest(M, MAIL_ID)))

proctype ap(byte i)
{
    byte command, id, duty, next, ok;
    bool has_duty;

look: /* shim_ap_main(), look(), mailbox_ap_peek() */
    MAY_DIE;
    LOADS {
        LOAD(Pap->i, MAIL_COMMAND, ACQUIRE, Pap->command);
        if
        :: command == NOOP -> goto IF_QUIET
        :: else
        fi;
        LOAD(Pap->i, MAIL_ID, RELAXED, Pap->id);
        if
        :: id == i -> goto pass_duty_on
        :: else -> goto IF_BUSY
        fi;
#ifdef MUTANT_called_by_a_later_look
later_look:
        LOAD(Pap->i, MAIL_COMMAND, ACQUIRE, Pap->command);
        if
        :: command == NOOP -> goto quiet
        :: else
        fi;
        LOAD(Pap->i, MAIL_ID, ACQUIRE, Pap->id);
        if
        :: id == i -> goto answer
        :: else
        fi;
#endif
busy: /* rouse_called() */
        if
        :: waiting & BIT(id) -> ROUSE(id)
        :: else -> goto quiet
        fi
    };
not_called: /* lookout_has_duty() */
    LOADS {
        skip;
quiet:
        LOAD(Pap->i, DUTY, ACQUIRE, Pap->duty);
        if
        :: duty == 0
        :: duty == i -> duty = 0; goto has_it
        :: else -> duty = 0; goto sleep_in_turn
        fi;
        atomic {
            MOVE(Pap->i, DUTY, 0, Pap->i, Pap->ok);
            if
            :: ok -> ok = 0; MAY_DIE
            :: else -> goto sleep_in_turn
            fi
        }
    };
has_it: /* looks: from now on nobody else may take the duty over */
    atomic {
        has_duty = 1;
        looked = looked | ~BIT(i);
        c_code { memset(now.was, 0, sizeof(now.was)); }
    };
    /* its nap, or its pause, until there is something new */
    if
#ifndef NO_NAPS
    :: command == NOOP -> goto lie_down
#endif
    :: true
    fi;
end_pausing:
    atomic {
        c_expr { SEES_NEWS ||
                 (Pap->command != NOOP && mem_latest(M, REST(Pap->id)) == ASLEEP) } ->
        command = NOOP; id = 0; has_duty = 0;
        goto look
    };

pass_duty_on:
    LOADS {
        command = NOOP;
        id = 0;
        next = i % APS + 1;
        do
        :: next == i || (waiting & BIT(next)) -> break
        :: else -> next = next % APS + 1
        od;
        if
        :: next == i -> next = 0
        :: else
        fi;
#ifdef MUTANT_rouse_before_pass_on
        if
        :: next -> ROUSE(next)
        :: else
        fi;
#endif
        atomic { PASS_ON; duty = 0 }
    };
    MAY_DIE;
#ifndef MUTANT_rouse_before_pass_on
    if
    :: next -> ROUSE(next)
    :: else
    fi;
#endif
    next = 0;
answer: /* mailbox_ap_look(), command_for(), acknowledge() */
    LOADS {
        LOAD(Pap->i, MAIL_ID, ACQUIRE, Pap->id);
        if
        :: id != i -> id = 0; goto not_called
        :: else -> id = 0
        fi;
        LOAD(Pap->i, MAIL_COMMAND, ACQUIRE, Pap->command);
        if
        :: command == NOOP -> goto not_called
        :: else -> command = NOOP; waiting = waiting & ~BIT(i)
        fi;
        STORE(Pap->i, MAIL_COMMAND, NOOP, RELEASE)
    };
    goto leaves;

sleep_in_turn:
    atomic {
        command = NOOP; id = 0;
        looked = looked & ~BIT(i);
        LOAD(Pap->i, DUTY, ACQUIRE, now.was[Pap->i])
    };
lie_down: /* lookout_lie_down() */
    atomic {
        MOVE(Pap->i, REST(Pap->i), AWAKE, ASLEEP, Pap->ok);
        assert(ok); /* nobody else moves an awake one */
        ok = 0;
        if
        :: has_duty -> napping = napping | BIT(i); goto end_asleep
        :: else
        fi
    };
#ifndef MUTANT_no_look_at_duty
    atomic {
#ifdef MUTANT_look_at_duty_by_load
        LOAD(Pap->i, DUTY, ACQUIRE, Pap->duty);
#else
        FETCH(Pap->i, DUTY, Pap->duty);
#endif
        if
        :: duty == i -> duty = 0; goto get_up
        :: else -> duty = 0
        fi
    };
#endif
#if !defined(MORTAL) && !EARLY
    c_code { mem_await_irq(M, Pap->i); };
#endif
end_asleep:
    if
    :: atomic { IRQ(Pap->i) -> IRQ_TAKE(Pap->i); napping = napping & ~BIT(i); BE_ROUSED }
    :: atomic { c_expr { Pap->has_duty && SEES_NEWS } -> napping = napping & ~BIT(i) }
    :: atomic { !has_duty && (rings & BIT(i)) -> rings = rings & ~BIT(i) }
    :: atomic {
            !has_duty && early -> early--;
            if
            :: looked = looked & ~BIT(i)
            :: true
            fi
        }
    :: atomic { i == mortal -> napping = napping & ~BIT(i); goto dies }
    fi;

get_up: /* lookout_get_up() */
#ifdef MUTANT_get_up_roused
    STORE(Pap->i, REST(Pap->i), AWAKE, RELEASE);
    goto is_up;
#endif
    atomic {
        MOVE(Pap->i, REST(Pap->i), ASLEEP, AWAKE, Pap->ok);
        if
        :: ok -> goto is_up
        :: else -> misses = misses | BIT(i)
        fi
    };
    if /* after ROUSE_NS, since who was to send it died before */
    :: atomic { IRQ(Pap->i) -> IRQ_TAKE(Pap->i); misses = misses & ~BIT(i); BE_ROUSED }
    :: atomic { rings & BIT(i) -> BE_ROUSED }
    fi;
is_up:
    atomic {
        ok = 0;
        rings = rings & ~BIT(i);
        if
        :: !has_duty && !(looked & BIT(i)) -> /* lookout_take_over() */
            duty = was[i]; was[i] = 0;
            looked = looked | BIT(i)
        :: else -> has_duty = 0; goto look
        fi
    };
#ifndef MUTANT_no_take_over
    MOVE(Pap->i, DUTY, Pap->duty, Pap->i, Pap->ok);
#endif
    atomic { ok = 0; duty = 0; goto look };

dies:
    atomic { dead = dead | BIT(i); mortal = 0; EXIT(Pap->i); goto gone };
leaves: /* leave(): no interrupt is under way to it, and none may be sent any more */
    atomic { EXIT(Pap->i); c_code [!now.mem.irq[Pap->i]] {} };
gone:
    atomic { command = 0; id = 0; duty = 0; next = 0; ok = 0; has_duty = 0 }
}

/* A waker: lib/wake/mailbox.c, or any OS. */
#ifdef MORTAL
#define MAY_CALL(i) (left & BIT(i))
#else
#define MAY_CALL(i) ((left & BIT(i)) && (i == 1 || !(left & BIT(1))))
#endif
#define CALL(i) :: MAY_CALL(i) -> n = i; left = left & ~BIT(i)
proctype os()
{
    byte n, r, ok, left;

    left = waiting;
next:
    if
    CALL(1)
    CALL(2)
#if APS > 2
    CALL(3)
#endif
#if APS > 3
    CALL(4)
#endif
    :: true -> goto done
    fi;
    STORE(0, MAIL_ID, Pos->n, RELEASE);
    atomic { STORE(0, MAIL_COMMAND, WAKEUP, RELEASE); called = n; ticks = 0 };
    if
    :: atomic { AWAIT(0, MAIL_COMMAND, ACQUIRE, Pos->r, IS_NOOP); called = 0; n = 0; r = 0; goto next }
    :: atomic { (dead & BIT(n)) -> called = 0; n = 0 } /* its deadline: mailbox_withdraw() */
    fi;
    MOVE(0, MAIL_COMMAND, WAKEUP, NOOP, Pos->ok);
    ok = 0;
    goto next;
done:
    atomic { n = 0; left = 0; EXIT(0) }
}

/* ROUSE_NS pass, a small part of a sleep. */
#define MISSED d_step { rings = rings | misses; misses = 0 }

/* 200 ms pass: who naps has looked meanwhile, the sleepers' timers have come. */
#define TICK \
    c_code { \
        int on_duty = mem_latest(M, DUTY); \
        if (on_duty && now.napping >> on_duty & 1) \
            now.looked = 0xFF; \
        for (int i = 1; i <= APS; i++) \
            if (mem_latest(M, REST(i)) != AWAKE && !((now.napping | now.dead) >> i & 1)) \
                now.rings |= 1 << i; \
        for (int loc = 0; loc < ATOMICS; loc++) \
            mem_catch_up(M, loc); \
    }

init {
    byte holder, rest;
    bool nobody_waits_for_a_timer, somebody_looks_out;
    atomic {
        c_code { mem_init(M); };
        waiting = BIT(APS + 1) - 2;
        early = EARLY;
#ifdef MORTAL
        mortal = 1;
#endif
        run os();
        run ap(1);
        run ap(2);
#if APS > 2
        run ap(3);
#endif
#if APS > 3
        run ap(4);
#endif
    };
time:
    atomic {
        timeout;
        nobody_waits_for_a_timer = (!called && !misses || (dead && ticks < 2));
        assert(nobody_waits_for_a_timer);
        if
        :: misses -> MISSED; goto time
        :: else
        fi;
        if
        :: called -> ticks++; TICK; goto time
        :: !called && dead && quiet_ticks < 2 -> quiet_ticks++; TICK; goto time
        :: else
        fi;
        c_code {
            Pinit->holder = (uchar)mem_latest(M, DUTY);
            Pinit->rest = Pinit->holder ? (uchar)mem_latest(M, REST(Pinit->holder)) : 0;
        };
        somebody_looks_out = ((waiting & ~dead) == 0 ||
            (waiting & ~dead & BIT(holder)) && (rest == AWAKE || napping & BIT(holder)));
        assert(somebody_looks_out)
    }
}
