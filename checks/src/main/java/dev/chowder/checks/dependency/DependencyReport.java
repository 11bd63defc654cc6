package dev.chowder.checks.dependency;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

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

  static DependencyReport of(
      Collection<ShippedPackage> packages, Accepted accepted, OsvScanner scanner, LocalDate today) {
    var findings = new ArrayList<>(accepted.licenceFindings(packages));
    Optional<String> notLookedUp =
        switch (scanner.query(packages)) {
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
