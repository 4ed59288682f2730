/* SPDX-License-Identifier: MIT */
/* opinion.c: `xendouble fuzz` with the model for a second opinion: what `./dev hunt` runs. */
#include "cli/fuzz.h"
#include "model.h"

const char xd_fuzz_command[] = "./dev hunt";

const struct xd_opinion *xd_fuzz_opinion(void)
{
    static struct xd_opinion opinion;

    if (!opinion.ctx)
        opinion = model_opinion(model_new());
    return &opinion;
}
