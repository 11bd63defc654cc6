package dev.chowder.checks.dependency;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The result of a check of packages.
 *
 * @param problems one sentence each; empty if all licences and vulnerabilities are accepted
 * @param notLookedUp why vulnerabilities are unknown; empty if they were looked up
 */
record DependencyReport(List<String> problems, Optional<String> notLookedUp) {
  DependencyReport {
    problems = List.copyOf(problems);
  }

  /**
   * Checks the licences of the packages, and looks up the vulnerabilities of all.
   *
   * @param ofImage Debian packages of the sandbox image
   */
  static DependencyReport of(
      Collection<ShippedPackage> packages,
      Collection<ShippedPackage> ofImage,
      Accepted accepted,
      OsvScanner scanner,
      LocalDate today) {
    var all = Stream.concat(packages.stream(), ofImage.stream()).toList();
    var findings = new ArrayList<>(accepted.licenceFindings(packages));
    Optional<String> notLookedUp =
        switch (scanner.query(all)) {
          case OsvScanner.Answer.LookedUp(var vulnerabilities) -> {
            findings.addAll(vulnerabilities);
            yield Optional.empty();
          }
          case OsvScanner.Answer.NotLookedUp(var reason) -> Optional.of(reason);
        };
    return new DependencyReport(
        accepted.problems(findings, today, notLookedUp.isEmpty()), notLookedUp);
  }
}
