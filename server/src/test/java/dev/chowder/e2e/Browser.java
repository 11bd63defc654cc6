package dev.chowder.e2e;

import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.TimeoutError;
import dev.chowder.testprogram.TestPrograms;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/** A headless Chromium. Each page has its own browser profile, as if another user opened it. */
final class Browser implements AutoCloseable {
  /** Chromium aborts a load when Docker adds or removes a network interface. */
  private static final String NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED";

  private static final int ATTEMPTS = 4;

  private final Playwright playwright;
  private final com.microsoft.playwright.Browser chromium;

  Browser() {
    // Playwright supplies only the driver; the browser is installed on the machine.
    playwright =
        Playwright.create(
            new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
    chromium =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(TestPrograms.here().chromium())
                    .setTimeout(millis(Limits.STEP))
                    // Chromium cannot use its own sandbox when root starts it.
                    .setChromiumSandbox(!weAreRoot()));
  }

  /** Opens an address and waits until the page shows {@code awaited}. */
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

  /** Saves a screenshot in the build's report directory. */
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
