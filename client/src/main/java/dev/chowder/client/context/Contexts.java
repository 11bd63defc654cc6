package dev.chowder.client.context;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The stored contexts in the order of their names.
 *
 * @param current the name of the context that commands use; absent if it is that of this machine
 */
public record Contexts(@Nullable String current, Map<String, Context> byName) {
  public static final Contexts NONE = new Contexts(null, Map.of());

  /** Returns a copy with this context, which replaces one of the same name. */
  public Contexts with(Context context) {
    var all = new LinkedHashMap<>(byName);
    all.put(context.name(), context);
    return new Contexts(current, Collections.unmodifiableMap(all));
  }

  /** Returns a copy without that context. If it was the current one, none is. */
  public Contexts without(String name) {
    var all = new LinkedHashMap<>(byName);
    all.remove(name);
    return new Contexts(name.equals(current) ? null : current, Collections.unmodifiableMap(all));
  }

  /** Returns a copy in which this context is the current one. */
  public Contexts use(String name) {
    return new Contexts(name.equals(Context.LOCAL) ? null : name, byName);
  }

  public Optional<Context> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }
}
