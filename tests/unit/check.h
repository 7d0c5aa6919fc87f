/* What every unit test includes: cmocka with its prerequisites. */
#ifndef TR_TESTS_CHECK_H
#define TR_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Assert success and show the error's text where it failed. fail_msg never returns, which
 * cmocka does not tell the compiler. */
#define assert_ok(call, err)                                                      \
	do {                                                                      \
		if (!(call)) {                                                    \
			fail_msg("%s: %s (%s)", #call, (err).what, (err).detail); \
			__builtin_unreachable();                                  \
		}                                                                 \
	} while (0)

#endif
