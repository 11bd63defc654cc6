package dev.chowder.cli.instance;

import dev.chowder.api.v1.Instance;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.Api;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Finds the instance that a user names by its id or by its name. */
public final class InstanceNames {
  private static final Pattern ID =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  /** Instances with the same beginning of the name that are searched. */
  private static final int MAX_SEARCHED = 10_000;

  private static final int MAX_SHOWN = 5;

  private InstanceNames() {}

  /** Returns the id. An id is used as it is; a name must be that of exactly one instance. */
  public static String id(Api api, String name) {
    return isId(name) ? name : id(named(api, name));
  }

  /** Returns whether a user gave an id, and not a name. */
  static boolean isId(String name) {
    return ID.matcher(name).matches();
  }

  /** Returns the instance with the name, which must be that of exactly one. */
  static Instance named(Api api, String name) {
    var listed = new Instances(api).list(Map.of("name_prefix", name), MAX_SEARCHED);
    var named =
        listed.as(Instance.getDefaultInstance()).stream()
            .filter(instance -> instance.getName().equals(name))
            .toList();
    if (listed.hasMore()) {
      throw ExitCode.USAGE.failure(
          "name: must not be the beginning of more than %d names; name the instance by its id"
              .formatted(MAX_SEARCHED));
    }
    if (named.isEmpty()) {
      throw ExitCode.NOT_FOUND.failure(
          "no instance has the id or the name %s; \"chowder ls\" lists all".formatted(name));
    }
    if (named.size() > 1) throw ambiguous(name, named);
    return named.getFirst();
  }

  /** Returns the id. The server may return anything, and the id becomes a part of paths. */
  static String id(Instance instance) {
    var id = instance.getId();
    if (isId(id)) return id;
    throw ExitCode.FAILED.failure("the server returned an id that is no UUID");
  }

  private static CommandException ambiguous(String name, List<Instance> named) {
    var ids =
        named.stream().map(Instance::getId).limit(MAX_SHOWN).collect(Collectors.joining(", "));
    var more = named.size() > MAX_SHOWN ? " and others" : "";
    return ExitCode.USAGE.failure(
        "name: must be that of one instance; got %s, the name of %d; use one of the ids %s%s"
            .formatted(name, named.size(), ids, more));
  }
}
