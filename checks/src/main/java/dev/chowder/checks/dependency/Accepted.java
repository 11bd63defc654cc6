package dev.chowder.checks.dependency;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code .dependencies.json}.
 *
 * @param licences the allowed licences, each with a reason
 * @param entries findings that are accepted until a date
 */
record Accepted(Map<String, String> licences, @JsonProperty("accepted") List<Entry> entries) {
  private static final Pattern DATE = Pattern.compile("20[0-9]{2}-[01][0-9]-[0-3][0-9]");

  Accepted {
    licences = Map.copyOf(licences);
    entries = List.copyOf(entries);
  }

  /**
   * Accepts a finding of a package in any version.
   *
   * @param name the name of the package
   * @param until the last day, such as 2030-12-31
   * @param reason why the finding is harmless
   */
  record Entry(
      @JsonProperty("package") String name,
      String finding,
      @Nullable String until,
      @JsonProperty("why") @Nullable String reason) {
    private boolean accepts(Finding found) {
      return found.name().equals(name) && found.finding().equals(finding);
    }

    @Override
    public String toString() {
      return name + ": " + finding;
    }
  }

  static Accepted read(Path file) {
    try {
      return new ObjectMapper().readValue(file.toFile(), Accepted.class);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Returns the packages of which no licence is allowed. One allowed licence is enough. */
  List<Finding> licenceFindings(Collection<ShippedPackage> packages) {
    return packages.stream()
        .filter(one -> one.licences().stream().noneMatch(licences::containsKey))
        .map(Accepted::licenceFinding)
        .toList();
  }

  private static Finding licenceFinding(ShippedPackage one) {
    var declared = one.licences().isEmpty() ? "unknown" : String.join(", ", one.licences());
    return new Finding(
        one.name(), one.version(), Finding.LICENCE + declared, "not among the allowed licences");
  }

  /**
   * Returns the problems, one sentence each.
   *
   * @param lookedUp whether vulnerabilities were looked up; otherwise it is unknown whether entries
   *     for them are still needed
   */
  List<String> problems(Collection<Finding> findings, LocalDate today, boolean lookedUp) {
    var problems = new ArrayList<String>();
    for (var found : new HashSet<>(findings)) {
      if (entries.stream().noneMatch(entry -> entry.accepts(found))) problems.add(found.toString());
    }
    problems.sort(null);
    for (var entry : entries) {
      boolean isKnown = lookedUp || entry.finding().startsWith(Finding.LICENCE);
      if (isIncomplete(entry)) {
        problems.add(
            entry
                + " is accepted without a reason or a date; add why, and until in the form"
                + " 2030-12-31");
      } else if (today.toString().compareTo(String.valueOf(entry.until())) > 0) {
        problems.add(
            "%s was accepted until %s, which has passed; update the package or review the finding again"
                .formatted(entry, entry.until()));
      } else if (isKnown && findings.stream().noneMatch(entry::accepts)) {
        problems.add(entry + " is accepted and was not found; remove the entry");
      }
    }
    return problems;
  }

  private static boolean isIncomplete(Entry entry) {
    var reason = entry.reason();
    var until = entry.until();
    return reason == null || reason.isEmpty() || until == null || !DATE.matcher(until).matches();
  }
}
