/*
 * The memory itself, by the shapes that are known of C11 and of x86: -DTEST_x asserts that an
 * outcome cannot be; the list (mutants) says where it can.
 */
#define THREADS 4
#define ATOMICS 2
#define PLAINS  1
#define X 0
#define Y 1
#define DATA 0
#include "memory.pml"

byte a, b, c, d, done;

#if defined(TEST_mp) || defined(TEST_mp_relaxed) || defined(TEST_mp_plain)
#ifdef TEST_mp_relaxed
#define BY RELAXED
#else
#define BY RELEASE
#endif
proctype t0()
{
#ifdef TEST_mp_plain
    WRITE(0, DATA, 1)
    STORE(0, Y, 1, RELAXED);
#else
    STORE(0, X, 1, RELAXED);
    STORE(0, Y, 1, BY);
#endif
    done++
}
proctype t1()
{
    LOAD(1, Y, ACQUIRE, now.a);
#ifdef TEST_mp_plain
    if
    :: a -> READ(1, DATA, now.b)
    :: else
    fi;
#else
    LOAD(1, X, RELAXED, now.b);
#endif
    done++
}
proctype t2() { done++ }
proctype t3() { done++ }
#define CANNOT_BE (a == 1 && b == 0)
#endif

#ifdef TEST_sb /* store buffering: both may read 0 */
proctype t0() { STORE(0, X, 1, RELEASE); LOAD(0, Y, ACQUIRE, now.a); done++ }
proctype t1() { STORE(1, Y, 1, RELEASE); LOAD(1, X, ACQUIRE, now.b); done++ }
proctype t2() { done++ }
proctype t3() { done++ }
#define CANNOT_BE (a == 0 && b == 0)
#endif

#ifdef TEST_sb_swapped /* with locked instructions: x86 forbids it */
proctype t0() { SWAP(0, X, 1, now.c); LOAD(0, Y, ACQUIRE, now.a); done++ }
proctype t1() { SWAP(1, Y, 1, now.d); LOAD(1, X, ACQUIRE, now.b); done++ }
proctype t2() { done++ }
proctype t3() { done++ }
#define CANNOT_BE (a == 0 && b == 0)
#endif

#ifdef TEST_corr /* coherence: nobody sees one word go backwards */
proctype t0() { STORE(0, X, 1, RELAXED); done++ }
proctype t1() { LOAD(1, X, RELAXED, now.a); LOAD(1, X, RELAXED, now.b); done++ }
proctype t2() { done++ }
proctype t3() { done++ }
#define CANNOT_BE (a == 1 && b == 0)
#endif

#ifdef TEST_2_2w /* both words end at the first value written */
proctype t0() { STORE(0, X, 1, RELEASE); STORE(0, Y, 2, RELEASE); done++ }
proctype t1() { STORE(1, Y, 1, RELEASE); STORE(1, X, 2, RELEASE); done++ }
proctype t2() { done++ }
proctype t3() { done++ }
#define CANNOT_BE (LATEST_IS(X, 1) && LATEST_IS(Y, 1))
#endif

#ifdef TEST_iriw /* two readers see two writers in different orders */
proctype t0() { STORE(0, X, 1, RELEASE); done++ }
proctype t1() { STORE(1, Y, 1, RELEASE); done++ }
proctype t2() { LOAD(2, X, ACQUIRE, now.a); LOAD(2, Y, ACQUIRE, now.b); done++ }
proctype t3() { LOAD(3, Y, ACQUIRE, now.c); LOAD(3, X, ACQUIRE, now.d); done++ }
#define CANNOT_BE (a == 1 && b == 0 && c == 1 && d == 0)
#endif

#ifdef TEST_swaps /* two that count: none is lost */
proctype t0() { ADD(0, X, 1); done++ }
proctype t1() { ADD(1, X, 1); done++ }
proctype t2() { done++ }
proctype t3() { done++ }
#define CANNOT_BE (!LATEST_IS(X, 2))
#endif

#ifdef TEST_sequence /* a swap passes on what the release before it carried */
proctype t0() { STORE(0, X, 1, RELAXED); STORE(0, Y, 1, RELEASE); done++ }
proctype t1() { MOVE_BY(1, Y, 1, 2, RELAXED, now.c); done++ }
proctype t2() { LOAD(2, Y, ACQUIRE, now.a); LOAD(2, X, RELAXED, now.b); done++ }
proctype t3() { done++ }
#define CANNOT_BE (a == 2 && b == 0)
#endif

byte x, y;
#define LATEST_IS(loc, v) (loc == X && x == v || loc == Y && y == v)

init {
    c_code { mem_init(M); };
    atomic { run t0(); run t1(); run t2(); run t3() };
    done == 4;
    c_expr { mem_drained (M, 0) && mem_drained (M, 1) && mem_drained (M, 2) && mem_drained (M, 3) };
    c_code { now.x = (uchar)mem_latest(M, X); now.y = (uchar)mem_latest(M, Y); };
    assert(!(CANNOT_BE))
}
