#include "gen/enriched_orders_c.h"

enum tr_verdict enriched_orders_c(const struct in_o *o, const struct in_u *u,
	const struct enriched_orders_c_params *params, struct out_enriched_orders_c *out, struct tr_ctx *ctx)
{
	(void)ctx;
	out->order_id = o->order_id;
	out->user_name = u->name;
	out->country = u->country; /* nullable on both sides: { value, valid } */
	out->amount = o->amount;
	out->amount_with_tax = o->amount * (1.0 + params->tax_rate);
	out->created_at = o->created_at;
	return TR_EMIT;
}
