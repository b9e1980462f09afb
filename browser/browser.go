// Package browser tests the page of stage 05 in a real browser: Chromium without a window, driven over its
// DevTools protocol by chromedp. It is a module of its own, so that the driver's weight reaches no stage.
//
// Each test starts a comet command of its own, and a Chromium with an empty profile. The tabs of a test are
// opened with [open]; what the page did is read from its document, and whatever it complained about, or a
// script failed at, fails the test at its end.
//
// What this package does not do: it has no code of its own, only tests, and it tests no other browser.
package browser
