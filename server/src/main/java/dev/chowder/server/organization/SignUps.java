package dev.chowder.server.organization;

import dev.chowder.base.Ids;
import dev.chowder.key.ApiKeys;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationView;
import dev.chowder.secret.Secret;
import java.time.InstantSource;

/**
 * Creates organizations, for callers and for operators. Blocks.
 *
 * @param policy decides whether an organization may be created
 */
public record SignUps(
    OrganizationClient client, ApiKeys keys, SignUpPolicy policy, InstantSource clock) {
  /**
   * A new organization.
   *
   * @param key its first key, of which only a hash is stored
   */
  public record SignedUp(OrganizationView organization, Secret key) {}

  /** Throws {@code SIGN_UP_CLOSED} unless callers may create organizations. */
  void checkCaller() {
    policy.checkCaller();
  }

  /**
   * Creates an organization.
   *
   * @param name checked
   * @throws dev.chowder.server.error.ApiError {@code SIGN_UP_CLOSED} if this host does not isolate
   *     sandboxes and has an organization
   */
  public SignedUp signUp(String name) {
    policy.checkIsolation();
    var id = Ids.next();
    var requestId = Ids.next();
    var now = clock.instant();
    var view =
        client.send(id, replyTo -> new OrganizationCommand.SignUp(name, requestId, now, replyTo));
    // The hash is stored before the key is returned, so that every returned key works.
    return new SignedUp(view, keys.issueOrganizationKey(id).value());
  }
}
