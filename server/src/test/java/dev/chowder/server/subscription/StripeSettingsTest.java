package dev.chowder.server.subscription;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.organization.Tier;
import dev.chowder.server.error.Rejection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests where Stripe's secrets come from, and that incomplete settings are rejected. */
class StripeSettingsTest {
  @TempDir Path folder;
  private final Map<String, Object> settings = new HashMap<>();
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void all() throws IOException {
    settings.put("chowder.stripe.secret-key-file", file("key", "from-a-file\n", "rw-------"));
    settings.put("chowder.stripe.webhook-secret-file", file("webhook", "signs", "r--------"));
    settings.put("chowder.stripe.prices.crab", "price_1");
    settings.put("chowder.stripe.prices.lobster", "price_2");
    settings.put("chowder.stripe.return-url", "https://shop.example/done");
  }

  @Test
  void withoutASecretKeyNothingIsSold() {
    assertThat(StripeSettings.from(ConfigFactory.load(), Map.of())).isEmpty();
    settings.remove("chowder.stripe.secret-key-file");
    assertThat(StripeSettings.from(config(), environment)).isEmpty();
  }

  @Test
  void secretsComeFromFilesAndAreMasked() {
    var stripe = StripeSettings.from(config(), environment).orElseThrow();
    assertThat(stripe.secretKey().reveal()).isEqualTo("from-a-file");
    assertThat(stripe.webhookSecret().reveal()).isEqualTo("signs");
    assertThat(stripe.toString()).doesNotContain("from-a-file", "signs");
    assertThat(stripe.tierOf("price_2")).contains(Tier.LOBSTER);
    assertThat(stripe.tierOf("price_3")).isEmpty();
    assertThat(stripe.priceOf(Tier.CRAB)).isEqualTo("price_1");
  }

  @Test
  void aVariableOverridesAFile() {
    environment.put("CHOWDER_STRIPE_SECRET_KEY", "from-a-variable");
    var stripe = StripeSettings.from(config(), environment).orElseThrow();
    assertThat(stripe.secretKey().reveal()).isEqualTo("from-a-variable");
    assertThat(stripe.webhookSecret().reveal()).isEqualTo("signs");
  }

  @Test
  void incompleteSettingsAreRejectedByName() {
    for (var name :
        new String[] {"webhook-secret-file", "prices.crab", "prices.lobster", "return-url"}) {
      var kept = settings.remove("chowder.stripe." + name);
      Rejection.ofSetting(
          "chowder.stripe." + name, () -> StripeSettings.from(config(), environment));
      settings.put("chowder.stripe." + name, kept);
    }
  }

  @Test
  void invalidSettingsAreRejected() throws IOException {
    rejects("return-url", "javascript:alert(1)").shows("javascript:alert(1)");
    rejects("api-base", "stripe.example").shows("stripe.example");
    rejects("prices.crab", "price_2");
    rejects("secret-key-file", file("open", "k", "rw-r--r--"));
    rejects("secret-key-file", file("huge", "k".repeat(5000), "rw-------")).shows(4096);
    rejects("secret-key-file", file("empty", " ", "rw-------"));
    settings.put("chowder.stripe.secret-key-file", folder.resolve("none").toString());
    Rejection.ofSetting(
        "chowder.stripe.secret-key-file", () -> StripeSettings.from(config(), environment));
  }

  private Rejection rejects(String name, String value) {
    var kept = settings.put("chowder.stripe." + name, value);
    var shown = name.startsWith("prices.") ? "prices" : name;
    var rejection =
        Rejection.ofSetting(
            "chowder.stripe." + shown, () -> StripeSettings.from(config(), environment));
    if (kept == null) {
      settings.remove("chowder.stripe." + name);
    } else {
      settings.put("chowder.stripe." + name, kept);
    }
    return rejection;
  }

  private Config config() {
    return ConfigFactory.parseMap(settings).withFallback(ConfigFactory.load());
  }

  private String file(String name, String text, String mode) throws IOException {
    var file = Files.writeString(folder.resolve(name), text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    return file.toString();
  }
}
