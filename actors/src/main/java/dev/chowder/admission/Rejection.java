package dev.chowder.admission;

import dev.chowder.instance.InstanceRejection;
import dev.chowder.organization.ModelProvider;
import dev.chowder.organization.OrganizationRejection;
import java.util.List;

/**
 * The reason why an instance is not created, recovered or started. The gRPC edge maps each to one
 * error.
 */
public sealed interface Rejection {
  /** The organization rejected a command, for example because all of its slots are in use. */
  record ByOrganization(OrganizationRejection why) implements Rejection {}

  /** The instance rejected a command. */
  record ByInstance(InstanceRejection why) implements Rejection {}

  /**
   * A create names no model provider, and the organization has not exactly one.
   *
   * @param usable its providers, none or several
   */
  record ProviderNotNamed(List<ModelProvider> usable) implements Rejection {}

  /**
   * The host lacks memory, also after pool members and sleeping gateways made room.
   *
   * @param freeBytes memory that the host has
   * @param neededBytes memory that the instance needs besides starting instances
   */
  record NoMemory(long freeBytes, long neededBytes) implements Rejection {}

  /**
   * A disk of the host is almost full.
   *
   * @param freeBytes space that it has
   * @param neededBytes space that must be free
   */
  record NoDisk(long freeBytes, long neededBytes) implements Rejection {}

  /** The sandbox engine does not answer, so the memory of the host is unknown. */
  record NoEngine() implements Rejection {}

  /**
   * Too much work waits on this node.
   *
   * @param waiting number of effects that wait
   * @param limit number that is too large
   */
  record TooMuchWork(int waiting, int limit) implements Rejection {}

  /** A repetition of this call, or reconciliation, took its id: the call was too slow. */
  record Overtaken() implements Rejection {}
}
