package dev.chowder.e2e;

import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.TimeoutError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/** A headless Chromium; each page is a browser profile of its own, as if another person came. */
final class Browser implements AutoCloseable {
  /** A browser gives up what it was loading when Docker adds or removes a network interface. */
  private static final String NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED";

  private static final int ATTEMPTS = 4;

  private final Playwright playwright;
  private final com.microsoft.playwright.Browser chromium;

  Browser() {
    // Only the driver is used; the browser is the machine's own.
    playwright =
        Playwright.create(
            new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
    chromium =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(
                        Path.of(Installation.required("CHOWDER_CHROMIUM", "a Chromium's path")))
                    .setTimeout(millis(Limits.STEP))
                    // Chromium refuses to isolate itself when root starts it.
                    .setChromiumSandbox(!weAreRoot()));
  }

  /** Opens an address and waits for something that it shows when it has come to rest. */
  Page open(String address, String awaited) {
    Page page = chromium.newContext().newPage();
    page.setDefaultTimeout(millis(Limits.STEP));
    var disturbed = new AtomicBoolean();
    page.onRequestFailed(
        request -> {
          if (NETWORK_CHANGED.equals(request.failure())) {
            disturbed.set(true);
          }
        });
    page.navigate(address);
    for (int attempt = 1; ; attempt++) {
      try {
        page.locator(awaited)
            .waitFor(new Locator.WaitForOptions().setTimeout(millis(Limits.QUICK)));
        return page;
      } catch (TimeoutError late) {
        if (!disturbed.getAndSet(false) || attempt == ATTEMPTS) {
          screenshot(page, "failed");
          throw late;
        }
        page.reload();
      }
    }
  }

  /** Kept where the build keeps its reports. */
  static void screenshot(Page page, String name) {
    page.screenshot(
        new Page.ScreenshotOptions().setPath(Path.of("target", "console-" + name + ".png")));
  }

  private static double millis(Duration limit) {
    return (double) limit.toMillis();
  }

  private static boolean weAreRoot() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    chromium.close();
    playwright.close();
  }
}
