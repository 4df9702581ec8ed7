/**
 * The timeline as a page that needs nothing but itself: zoom, search, figures.
 */
#ifndef CLI_TIMELINE_PAGE_H
#define CLI_TIMELINE_PAGE_H

#include "cli/timeline/picture.h"

/** A new array. */
GByteArray *page_of(const struct timeline *timeline, enum picture_theme theme);

#endif
