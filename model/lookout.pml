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
 *   -DEARLY=N    so many sleeps of each AP end by themselves while others are at work, and find
 *                that nobody has looked, whether that is so or not
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
byte early[APS + 1];
byte called;   /* whom the OS waits for */
byte ticks;    /* that a command has waited for */
byte quiet_ticks;

#ifdef MORTAL
#define MAY_DIE if :: i == mortal -> goto dies :: true fi
#else
#define MAY_DIE skip
#endif

/* rouse(), lookout_rouse(), muster_apic_send() */
#define ROUSE(to) \
    MOVE(Pap->i, REST(Pap->to), ASLEEP, ROUSED, Pap->ok); \
    if \
    :: ok -> MAY_DIE; SEND_FENCED(Pap->i, Pap->to) \
    :: else \
    fi

/* lookout_pass_on() */
#ifdef MUTANT_pass_on_by_store
#define PASS_ON STORE(Pap->i, DUTY, Pap->next, RELEASE)
#else
#define PASS_ON \
    do \
    :: LOAD(Pap->i, DUTY, ACQUIRE, Pap->duty); \
        MOVE(Pap->i, DUTY, Pap->duty, Pap->next, Pap->ok); \
        if \
        :: ok -> break \
        :: else \
        fi \
    od
#endif

/* lookout_be_roused(), in the handler; or after ROUSE_NS, since who was to send it died before. */
#define BE_ROUSED \
    if \
    :: atomic { IRQ(Pap->i) -> IRQ_TAKE(Pap->i) } \
    :: atomic { rings & BIT(i) -> rings = rings & ~BIT(i) } \
    fi; \
    MOVE(Pap->i, REST(Pap->i), ROUSED, AWAKE, Pap->ok)

/* What it polls; the same look again would bring nothing else. */
#define SEES_NEWS \
    (Pap->command != mem_latest(M, MAIL_COMMAND) || Pap->duty != mem_latest(M, DUTY) || \
     Pap->id != mem_latest(M, MAIL_ID))

proctype ap(byte i)
{
    byte command, id, duty, was, next, rest, ok;
    bool has_duty;

look: /* shim_ap_main(), look(), mailbox_ap_peek() */
    atomic { duty = 0; was = 0; next = 0; rest = 0; ok = 0; has_duty = 0 };
    MAY_DIE;
    LOAD(Pap->i, MAIL_COMMAND, ACQUIRE, Pap->command);
    LOAD(Pap->i, MAIL_ID, RELAXED, Pap->id);
#ifdef MUTANT_called_by_a_later_look
    if
    :: command != NOOP && id == i -> goto pass_duty_on
    :: else
    fi;
    LOAD(Pap->i, MAIL_COMMAND, ACQUIRE, Pap->command);
    LOAD(Pap->i, MAIL_ID, ACQUIRE, Pap->id);
    if
    :: command != NOOP && id == i -> goto answer
    :: else
    fi;
#endif
    if
    :: command == NOOP -> goto not_called
    :: command != NOOP && id == i -> goto pass_duty_on
    :: else -> goto busy
    fi;

pass_duty_on:
    atomic {
        next = i % APS + 1;
        do
        :: next == i || (waiting & BIT(next)) -> break
        :: else -> next = next % APS + 1
        od;
        if
        :: next == i -> next = 0
        :: else
        fi
    };
#ifdef MUTANT_rouse_before_pass_on
    if
    :: next -> ROUSE(next)
    :: else
    fi;
#endif
    PASS_ON;
    duty = 0; ok = 0;
    MAY_DIE;
#ifndef MUTANT_rouse_before_pass_on
    if
    :: next -> ROUSE(next)
    :: else
    fi;
#endif
    MAY_DIE;
answer: /* mailbox_ap_look(), command_for(), acknowledge() */
    atomic {
        LOAD(Pap->i, MAIL_ID, ACQUIRE, Pap->id);
        if
        :: id != i -> command = 0; goto not_called
        :: else
        fi
    };
    atomic {
        LOAD(Pap->i, MAIL_COMMAND, ACQUIRE, Pap->command);
        if
        :: command == NOOP -> goto not_called
        :: else -> waiting = waiting & ~BIT(i)
        fi
    };
    STORE(Pap->i, MAIL_COMMAND, NOOP, RELEASE);
    /* leave(): no interrupt is under way to it, none may be sent any more */
    goto leaves;

busy: /* rouse_called() */
    if
    :: waiting & BIT(id) -> ROUSE(id)
    :: else
    fi;
not_called: /* lookout_has_duty() */
    MAY_DIE;
    LOAD(Pap->i, DUTY, ACQUIRE, Pap->duty);
    has_duty = (duty == i);
    if
    :: duty == 0 -> MOVE(Pap->i, DUTY, 0, Pap->i, Pap->has_duty)
    :: else
    fi;
    MAY_DIE;
    if
    :: has_duty -> looked = looked | ~BIT(i); duty = i; goto lookout
    :: else
    fi;
    /* sleep_in_turn() */
    atomic { looked = looked & ~BIT(i); LOAD(Pap->i, DUTY, ACQUIRE, Pap->was) };
    goto lie_down;

lookout: /* its nap, or its pause, until there is something new */
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
        goto look
    };

lie_down: /* lookout_lie_down() */
    MOVE(Pap->i, REST(Pap->i), AWAKE, ASLEEP, Pap->ok);
    assert(ok); /* nobody else moves an awake one */
    MAY_DIE;
    if
    :: has_duty -> goto asleep
    :: else
    fi;
#ifndef MUTANT_no_look_at_duty
#ifdef MUTANT_look_at_duty_by_load
    LOAD(Pap->i, DUTY, ACQUIRE, Pap->duty);
#else
    FETCH(Pap->i, DUTY, Pap->duty);
#endif
    if
    :: duty == i -> goto get_up
    :: else
    fi;
#endif
asleep:
    atomic {
        if
        :: has_duty -> napping = napping | BIT(i)
        :: else
        fi
    };
end_asleep:
    if
    :: atomic { IRQ(Pap->i) -> IRQ_TAKE(Pap->i); napping = napping & ~BIT(i) };
        MOVE(Pap->i, REST(Pap->i), ROUSED, AWAKE, Pap->ok)
    :: atomic { c_expr { Pap->has_duty && SEES_NEWS } -> napping = napping & ~BIT(i) }
    :: atomic { !has_duty && (rings & BIT(i)) -> rings = rings & ~BIT(i) }
    :: atomic {
            !has_duty && early[i] -> early[i]--;
            if
            :: looked = looked & ~BIT(i)
            :: true
            fi
        }
    :: atomic { i == mortal -> napping = napping & ~BIT(i); goto dies }
    fi;

get_up: /* lookout_get_up() */
    LOAD(Pap->i, REST(Pap->i), ACQUIRE, Pap->rest);
    if
    :: rest == AWAKE -> goto is_up
    :: else
    fi;
#ifdef MUTANT_get_up_roused
    STORE(Pap->i, REST(Pap->i), AWAKE, RELEASE);
    goto is_up;
#endif
    MOVE(Pap->i, REST(Pap->i), ASLEEP, AWAKE, Pap->ok);
    if
    :: ok -> goto is_up
    :: else -> BE_ROUSED; goto get_up
    fi;
is_up:
    rings = rings & ~BIT(i);
    if
    :: !has_duty && !(looked & BIT(i)) -> /* lookout_take_over() */
#ifndef MUTANT_no_take_over
        MOVE(Pap->i, DUTY, Pap->was, Pap->i, Pap->ok)
#endif
    :: else
    fi;
    goto look;

dies:
    atomic { dead = dead | BIT(i); mortal = 0 };
    goto gone;
leaves:
    c_code [!now.mem.irq[Pap->i]] {}; /* it would meet the OS */
gone:
    atomic { command = 0; id = 0; duty = 0; was = 0; next = 0; rest = 0; ok = 0; has_duty = 0; EXIT(Pap->i) }
}

/* A waker: lib/wake/mailbox.c, or any OS. */
#define CALL(i) :: left & BIT(i) -> n = i; left = left & ~BIT(i)
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
    :: atomic { AWAIT(0, MAIL_COMMAND, ACQUIRE, Pos->r, IS_NOOP); called = 0; r = 0; goto next }
    :: atomic { (dead & BIT(n)) -> called = 0 } /* its deadline: mailbox_withdraw() */
    fi;
    MOVE(0, MAIL_COMMAND, WAKEUP, NOOP, Pos->ok);
    ok = 0;
    goto next;
done:
    atomic { n = 0; left = 0; EXIT(0) }
}

/* 200 ms pass: who naps has looked meanwhile, the sleepers' timers have come. */
#define TICK \
    c_code { \
        int on_duty = mem_latest(M, DUTY); \
        if (on_duty && now.napping >> on_duty & 1) \
            now.looked = 0xFF; \
        for (int i = 1; i <= APS; i++) \
            if (mem_latest(M, REST(i)) != AWAKE && !((now.napping | now.dead) >> i & 1)) \
                now.rings |= 1 << i; \
    }

init {
    byte holder, rest;
    bool nobody_waits_for_a_timer, somebody_looks_out;
    atomic {
        c_code { mem_init(M); };
        waiting = BIT(APS + 1) - 2;
        c_code { memset(now.early, EARLY, sizeof(now.early)); };
#ifdef MORTAL
        if
        :: mortal = 1
        :: mortal = APS
        fi;
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
        nobody_waits_for_a_timer = (!called || (dead && ticks < 2));
        assert(nobody_waits_for_a_timer);
        if
        :: called -> ticks++; TICK; goto time
        :: dead && quiet_ticks < 2 -> quiet_ticks++; TICK; goto time
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
