package dev.chowder.effect;

import com.typesafe.config.ConfigFactory;
import dev.chowder.openclaw.GatewayConversations;
import dev.chowder.openclaw.GatewayDevices;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.secret.SecretStore;
import java.net.http.HttpClient;

/** Tokens as a server has them. */
final class TestTokens {
  private TestTokens() {}

  static GatewayTokens of(SecretStore secrets, SandboxDriver driver, HttpClient http) {
    var settings = OpenClawSettings.of(ConfigFactory.load());
    var admin = new OpenClawAdmin(http, settings.adminLimit(), settings.adminMaxAnswer());
    return new GatewayTokens(
        secrets,
        driver,
        admin,
        new GatewayConversations(http, admin, settings),
        new GatewayDevices(secrets),
        settings.adminLimit());
  }
}
