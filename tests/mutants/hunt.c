/* SPDX-License-Identifier: MIT */
/*
 * hunt.c: runs generated programs under all oracles and the second opinion until one of them complains.
 */
#include "base/rng.h"
#include "fuzz/generate.h"
#include "fuzz/judge.h"
#include "hunt.h"

#include <stdlib.h>

void hunt_program(uint64_t seed, uint64_t i, struct xd_str *text)
{
    /* A machine that is just large enough: oracles and model look through all of it. */
    struct xd_generate g = {.seed = xd_rng_mix(seed + i * UINT64_C(0x9e3779b97f4a7c15)),
                            .frames = 2816};

    xd_generate_shape(i, &g);
    xd_generate_text(&g, text);
}

bool hunt_judge(const struct xd_program *p, const struct xd_judge *judge,
                struct xd_session *session, struct xd_judgement *j)
{
    const struct xd_judge twice = {.oracles = judge->oracles, .session = session, .twice = true};
    struct xd_judgement again;

    xd_judge_program(p, judge, j);
    XD_ALWAYS(j->guilty || j->calls); /* it could be run */
    if (!session || j->guilty)
        return j->guilty;
    xd_judge_program(p, &twice, &again);
    j->guilty = again.guilty;
    j->complaint = again.complaint;
    return j->guilty;
}
