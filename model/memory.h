/*
 * The memory that the models run on, in C inside Promela (spin's c_decl): under C11's orderings,
 * or behind x86's store buffers (-DORDER_TSO). docs/model.md says what of both is modelled.
 *
 * A model defines THREADS, ATOMICS (words that go through lib/atomic.h), PLAINS (everything else
 * that two CPUs touch) and HISTORY (live values of one word at most); memory.pml has the steps.
 */
typedef unsigned char byte_t;

/* A bound of the model's is no bound of the machine's: never silently. */
static void mem_too_small(const char *what)
{
    printf("memory: %s is too small\n", what);
    exit(9);
}

#ifdef ORDER_TSO

struct memory {
    byte_t value[atomics + plains];
    byte_t count[threads];             /* stores that wait in each buffer */
    byte_t where[threads][buffer_size];     /* oldest first */
    byte_t what[threads][buffer_size];
    byte_t irq[threads];
};

static int mem_newest(const struct memory *m, int t, int loc)
{
    for (int i = m->count[t] - 1; i >= 0; i--)
        if (m->where[t][i] == loc)
            return m->what[t][i];
    return m->value[loc];
}

static void mem_put(struct memory *m, int t, int loc, int value)
{
    if (m->count[t] == buffer_size) {
        mem_too_small("BUFFER");
    }
    m->where[t][m->count[t]] = (byte_t)loc;
    m->what[t][m->count[t]++] = (byte_t)value;
}

/* The oldest store of a buffer comes to memory: the only order in which x86 does it. */
static void mem_drain(struct memory *m, int t)
{
    m->value[m->where[t][0]] = m->what[t][0];
    m->count[t]--;
    for (int i = 0; i < m->count[t]; i++) {
        m->where[t][i] = m->where[t][i + 1];
        m->what[t][i] = m->what[t][i + 1];
    }
    m->where[t][m->count[t]] = m->what[t][m->count[t]] = 0;
}

static void mem_init(struct memory *m) { (void)m; }
static void mem_preset(struct memory *m, int loc, int value) { m->value[loc] = (byte_t)value; }
static int mem_drained(const struct memory *m, int t) { return m->count[t] == 0; }
static int mem_latest(const struct memory *m, int loc) { return m->value[loc]; }

/* A load takes the buffer's own newest, or memory: there is one candidate, 0. */
static int mem_readable(const struct memory *m, int t, int loc, int k)
{
    return (void)m, (void)t, (void)loc, k == 0;
}
static int mem_at(const struct memory *m, int t, int loc, int k)
{
    return (void)k, mem_newest(m, t, loc);
}
static int mem_load(struct memory *m, int t, int loc, int k, int acquire)
{
    return (void)k, (void)acquire, mem_newest(m, t, loc);
}
static int mem_has_news(const struct memory *m, int t, int loc, int known)
{
    return mem_newest(m, t, loc) != known;
}
static int mem_storable(const struct memory *m, int t, int loc, int k)
{
    return (void)m, (void)t, (void)loc, k == 0;
}
static void mem_store(struct memory *m, int t, int loc, int k, int value, int release)
{
    (void)k, (void)release, mem_put(m, t, loc, value);
}
/* A locked instruction waits until the buffer is empty. */
static int mem_swappable(const struct memory *m, int t, int loc, int k)
{
    return (void)loc, k == 0 && m->count[t] == 0;
}
static int mem_comparable(const struct memory *m, int t, int loc, int k)
{
    return mem_swappable(m, t, loc, k);
}
static int mem_swap(struct memory *m, int t, int loc, int k, int value, int order)
{
    int old = m->value[loc];
    (void)t, (void)k, (void)order;
    m->value[loc] = (byte_t)value;
    return old;
}
/* Races are no notion of x86: what is wrong there shows in the values. */
static int mem_may_touch(const struct memory *m, int t, int p)
{
    return (void)m, (void)t, (void)p, 1;
}
static void mem_write(struct memory *m, int t, int p, int value)
{
    mem_put(m, t, atomics + p, value);
}
static int mem_read(struct memory *m, int t, int p) { return mem_newest(m, t, atomics + p); }
static void mem_fence(struct memory *m, int t) { (void)m, (void)t; }
static void mem_irq_send(struct memory *m, int t, int to, int fenced)
{
    (void)t, (void)fenced;
    m->irq[to] = 1;
}
static void mem_irq_take(struct memory *m, int t) { m->irq[t] = 0; }
static void mem_await_irq(struct memory *m, int t) { (void)m, (void)t; }
static void mem_exit(struct memory *m, int t) { (void)m, (void)t; }
static void mem_fork(struct memory *m, int t, int to) { (void)m, (void)t, (void)to; }
static int mem_settled(const struct memory *m)
{
    for (int t = 0; t < threads; t++)
        if (m->count[t])
            return 0;
    return 1;
}
static void mem_catch_up(struct memory *m, int loc) { (void)m, (void)loc; }

#else /* C11 */

/*
 * What a thread knows, or what a message carries: for each atomic word the oldest value that may
 * still be read (its number among those that are kept), for each plain one whether the last access
 * to it happened before. One word, so that states stay small.
 */
#define FIELD_BITS 4
#define FIELD_MASK ((know_t)15)
_Static_assert(atomics * FIELD_BITS + plains <= 8 * sizeof(know_t), "KNOWLEDGE is too small");
_Static_assert(history <= 16, "FIELD_BITS");

enum { mem_gone = 1, mem_asleep };

struct memory {
    know_t known[threads];
    know_t carried[messages];  /* what who acquires this message learns */
    know_t irq_carried[threads];
    byte_t value[messages];    /* all words' messages, word by word, each in modification order */
    byte_t swapped[messages];  /* by a read-modify-write: nothing comes between it and the last */
    byte_t count[atomics];
    byte_t plain[plains];
    byte_t irq[threads];
    byte_t away[threads]; /* for good, or until an interrupt comes */
};

static int know_at(know_t know, int loc)
{
    return (int)(know >> (loc * FIELD_BITS) & FIELD_MASK);
}
static know_t know_set(know_t know, int loc, int at)
{
    know &= ~(FIELD_MASK << (loc * FIELD_BITS));
    return know | (know_t)at << (loc * FIELD_BITS);
}
static know_t know_join(know_t a, know_t b)
{
    know_t out = (a | b) >> (atomics * FIELD_BITS) << (atomics * FIELD_BITS);
    for (int loc = 0; loc < atomics; loc++) {
        know_t mask = FIELD_MASK << (loc * FIELD_BITS);
        out |= (a & mask) > (b & mask) ? (a & mask) : (b & mask);
    }
    return out;
}
static know_t know_of_plain(int p) { return (know_t)1 << (atomics * FIELD_BITS + p); }

static int mem_first(const struct memory *m, int loc)
{
    int at = 0;
    for (int i = 0; i < loc; i++)
        at += m->count[i];
    return at;
}
static int mem_total(const struct memory *m) { return mem_first(m, atomics); }

static void mem_init(struct memory *m)
{
    for (int loc = 0; loc < atomics; loc++)
        m->count[loc] = 1;
    for (int t = 0; t < threads; t++)
        for (int p = 0; p < plains; p++)
            m->known[t] |= know_of_plain(p);
    for (int i = 0; i < atomics; i++)
        for (int p = 0; p < plains; p++)
            m->carried[i] |= know_of_plain(p);
}

/* Every number of @loc's at or behind @from moves by @by: a message came in between, or went. */
static void mem_shift(struct memory *m, int loc, int from, int by)
{
    int total = mem_total(m);
    know_t *lists[] = {m->known, m->carried, m->irq_carried};
    int counts[] = {threads, total, threads};
    for (int list = 0; list < 3; list++)
        for (int i = 0; i < counts[list]; i++) {
            int at = know_at(lists[list][i], loc);
            if (at >= from && at + by >= 0)
                lists[list][i] = know_set(lists[list][i], loc, at + by);
        }
}

static void mem_remove(struct memory *m, int loc, int k)
{
    int at = mem_first(m, loc) + k, total = mem_total(m);
    for (int i = at; i < total - 1; i++) {
        m->carried[i] = m->carried[i + 1];
        m->value[i] = m->value[i + 1];
        m->swapped[i] = m->swapped[i + 1];
    }
    m->carried[total - 1] = 0;
    m->value[total - 1] = m->swapped[total - 1] = 0;
    m->count[loc]--;
}

/*
 * Of two messages with one value the one that tells less may be enough (-DLEAST_KNOWN): who knows
 * less can do all that one can do who knows more, since more values are readable to it, and more
 * places free for a store. So nothing is lost where nobody waits for what it does not know, as
 * long as the model's own conditions look at mem_latest() only.
 */
static int mem_tells_no_less(const struct memory *m, int loc, int j, int k)
{
    int at = mem_first(m, loc);
    know_t less = m->carried[at + j], more = know_set(m->carried[at + k], loc, history - 1);
    return m->value[at + j] == m->value[at + k] && know_join(more, less) == more;
}

/*
 * Nobody need read message @k behind @j, and nothing comes between it and its neighbours. Whoever
 * would come to know of it, or of those between the two, then knows of @j only: that is less.
 */
static int mem_is_superfluous(const struct memory *m, int loc, int j, int k)
{
    int at = mem_first(m, loc);
    if (!m->swapped[at + k] || !m->swapped[at + k + 1] || !mem_tells_no_less(m, loc, j, k))
        return 0;
    for (int t = 0; t < threads; t++)
        if (m->away[t] != mem_gone && mem_reads(t, loc) && know_at(m->known[t], loc) > j &&
            know_at(m->known[t], loc) <= k)
            return 0;
    return 1;
}
static void mem_know_less(struct memory *m, int loc, int j, int k)
{
    know_t *lists[] = {m->known, m->carried, m->irq_carried};
    int counts[] = {threads, mem_total(m), threads};
    for (int list = 0; list < 3; list++)
        for (int i = 0; i < counts[list]; i++)
            if (know_at(lists[list][i], loc) > j && know_at(lists[list][i], loc) <= k)
                lists[list][i] = know_set(lists[list][i], loc, j);
}
static int mem_thin_one(struct memory *m, int loc)
{
    for (int k = 1; k + 1 < m->count[loc]; k++)
        for (int j = 0; j < k; j++)
            if (mem_is_superfluous(m, loc, j, k)) {
                mem_know_less(m, loc, j, k);
                mem_shift(m, loc, k + 1, -1);
                mem_remove(m, loc, k);
                return 1;
            }
    return 0;
}

/* What nobody can read any more is forgotten, so that equal states are the same state. */
static void mem_forget(struct memory *m, int loc)
{
    for (;;) {
        int oldest = history;
        for (int t = 0; t < threads; t++)
            if (!m->away[t] && mem_reads(t, loc) && know_at(m->known[t], loc) < oldest)
                oldest = know_at(m->known[t], loc);
        if (oldest == 0 || m->count[loc] == 1)
            return;
        mem_shift(m, loc, 1, -1);
        mem_remove(m, loc, 0);
        m->swapped[mem_first(m, loc)] = 0;
    }
}

/* Before anybody has run. */
static void mem_preset(struct memory *m, int loc, int value) { m->value[loc] = (byte_t)value; }
static int mem_drained(const struct memory *m, int t) { return (void)m, (void)t, 1; }
static int mem_latest(const struct memory *m, int loc)
{
    return m->value[mem_first(m, loc) + m->count[loc] - 1];
}

/* A load may take any value that it does not know to be overwritten. */
static int mem_is_known_overwritten(const struct memory *m, int t, int loc, int k)
{
    return k < know_at(m->known[t], loc);
}
static int mem_readable(const struct memory *m, int t, int loc, int k)
{
    if (k >= m->count[loc] || mem_is_known_overwritten(m, t, loc, k))
        return 0;
    for (int j = know_at(m->known[t], loc); least_known && j < k; j++)
        if (mem_tells_no_less(m, loc, j, k))
            return 0;
    return 1;
}
static int mem_at(const struct memory *m, int t, int loc, int k)
{
    return (void)t, m->value[mem_first(m, loc) + k];
}
static void mem_learn(struct memory *m, int t, int loc, int k, int acquire)
{
    if (acquire)
        m->known[t] = know_join(m->known[t], m->carried[mem_first(m, loc) + k]);
    if (know_at(m->known[t], loc) < k)
        m->known[t] = know_set(m->known[t], loc, k);
}
static void mem_forget_all(struct memory *m)
{
    for (int loc = 0; loc < atomics; loc++)
        mem_forget(m, loc);
    for (int loc = 0; least_known && loc < atomics; loc++)
        while (mem_thin_one(m, loc))
            ;
}
static int mem_load(struct memory *m, int t, int loc, int k, int acquire)
{
    int value = mem_at(m, t, loc, k);
    mem_learn(m, t, loc, k, acquire);
    mem_forget_all(m);
    return value;
}
static int mem_has_news(const struct memory *m, int t, int loc, int known)
{
    return (void)known, know_at(m->known[t], loc) < m->count[loc] - 1;
}

/* Behind message @k, unless a read-modify-write has taken that place. */
static int mem_storable(const struct memory *m, int t, int loc, int k)
{
    int at = mem_first(m, loc) + k;
    return k < m->count[loc] && !mem_is_known_overwritten(m, t, loc, k) &&
           !(k + 1 < m->count[loc] && m->swapped[at + 1]);
}
static void mem_insert(struct memory *m, int t, int loc, int k, int value, int swapped)
{
    int total = mem_total(m), at = mem_first(m, loc) + k + 1;
    if (total == messages || m->count[loc] == history) {
        mem_too_small(total == messages ? "MESSAGES" : "HISTORY");
    }
    mem_shift(m, loc, k + 1, 1);
    for (int i = total; i > at; i--) {
        m->carried[i] = m->carried[i - 1];
        m->value[i] = m->value[i - 1];
        m->swapped[i] = m->swapped[i - 1];
    }
    m->count[loc]++;
    m->value[at] = (byte_t)value;
    m->swapped[at] = (byte_t)swapped;
    m->known[t] = know_set(m->known[t], loc, k + 1);
    m->carried[at] = know_set(0, loc, k + 1);
}
static void mem_store(struct memory *m, int t, int loc, int k, int value, int release)
{
    mem_insert(m, t, loc, k, value, 0);
    if (release)
        m->carried[mem_first(m, loc) + k + 1] = m->known[t];
    mem_forget_all(m);
}
static int mem_swappable(const struct memory *m, int t, int loc, int k)
{
    return mem_storable(m, t, loc, k);
}
/* A compare-and-swap that fails is a load. */
static int mem_comparable(const struct memory *m, int t, int loc, int k)
{
    return mem_readable(m, t, loc, k);
}
/* @order 1: acquire and release. The release sequence goes on through any read-modify-write. */
static int mem_swap(struct memory *m, int t, int loc, int k, int value, int order)
{
    int at = mem_first(m, loc) + k, old = m->value[at];
    mem_learn(m, t, loc, k, order);
    mem_insert(m, t, loc, k, value, 1);
    m->carried[at + 1] = know_join(
            know_join(m->carried[at], m->carried[at + 1]), order ? m->known[t] : 0);
    mem_forget_all(m);
    return old;
}

/* A plain access must come behind the last one in happens-before; else it is a data race. */
static int mem_may_touch(const struct memory *m, int t, int p)
{
    return (m->known[t] & know_of_plain(p)) != 0;
}
static void mem_touch(struct memory *m, int t, int p)
{
    int total = mem_total(m);
    for (int i = 0; i < threads; i++)
        if (i != t)
            m->known[i] &= ~know_of_plain(p);
    for (int i = 0; i < total; i++)
        m->carried[i] &= ~know_of_plain(p);
    for (int i = 0; i < threads; i++)
        m->irq_carried[i] &= ~know_of_plain(p);
}
static void mem_write(struct memory *m, int t, int p, int value)
{
    mem_touch(m, t, p);
    m->plain[p] = (byte_t)value;
}
static int mem_read(struct memory *m, int t, int p)
{
    mem_touch(m, t, p);
    return m->plain[p];
}

/* MFENCE and LFENCE before a WRMSR to the x2APIC: who takes the interrupt knows what we knew. */
static void mem_fence(struct memory *m, int t) { (void)m, (void)t; }
static void mem_irq_send(struct memory *m, int t, int to, int fenced)
{
    m->irq[to] = 1;
    if (fenced)
        m->irq_carried[to] = know_join(m->irq_carried[to], m->known[t]);
    if (m->away[to] == mem_asleep && fenced) {
        m->known[to] = know_join(m->known[to], m->known[t]);
        m->away[to] = 0;
    }
}
static void mem_irq_take(struct memory *m, int t)
{
    m->known[t] = know_join(m->known[t], m->irq_carried[t]);
    m->irq_carried[t] = 0;
    m->irq[t] = 0;
    mem_forget_all(m);
}

/*
 * It does nothing until an interrupt comes (behind a fence), and then knows at least what the
 * sender knows, who is not asleep: so nothing is kept for it that all of these know to be
 * overwritten.
 */
static void mem_await_irq(struct memory *m, int t)
{
    if (!m->irq[t])
        m->away[t] = mem_asleep;
    mem_forget_all(m);
}

/* Who begins knows what whoever began it knew. */
static void mem_fork(struct memory *m, int t, int to)
{
    m->known[to] = know_join(m->known[to], m->known[t]);
    mem_forget_all(m);
}

/* So much time has passed that what has been stored to @loc is visible to all. */
static int mem_settled(const struct memory *m) { return (void)m, 1; }
static void mem_catch_up(struct memory *m, int loc)
{
    for (int t = 0; t < threads; t++)
        if (!m->away[t])
            m->known[t] = know_set(m->known[t], loc, m->count[loc] - 1);
    mem_forget_all(m);
}

/* It looks at nothing any more. */
static void mem_exit(struct memory *m, int t)
{
    m->away[t] = mem_gone;
    m->known[t] = 0;
    mem_forget_all(m);
}
#endif
