package dev.chowder.checks.dependency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.chowder.checks.Project;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AcceptedTest {
  private static final LocalDate TODAY = LocalDate.of(2026, 12, 1);
  private static final Finding LICENCE = new Finding("a", "1", "licence GPL", "not allowed");
  private static final Finding VULNERABILITY = new Finding("b", "2", "CVE-1", "leaks");

  private static Accepted accepted(Accepted.Entry... entries) {
    return new Accepted(Map.of("MIT", "requires its notice"), List.of(entries));
  }

  private static Accepted.Entry entry(String name, String finding, String until) {
    return new Accepted.Entry(name, finding, until, "harmless");
  }

  @Test
  void oneAllowedLicenceIsEnough() {
    var either = new ShippedPackage("npm", "a", "1", List.of("GPL", "MIT"));
    var neither = new ShippedPackage("npm", "b", "2", List.of("GPL", "AGPL"));
    var unknown = new ShippedPackage("npm", "c", "3", List.of());
    assertThat(accepted().licenceFindings(List.of(either, neither, unknown)))
        .extracting(Finding::name, Finding::finding)
        .containsExactly(tuple("b", "licence GPL, AGPL"), tuple("c", "licence unknown"));
  }

  @Test
  void aFindingThatIsNotAcceptedIsAProblemOnce() {
    assertThat(accepted().problems(List.of(VULNERABILITY, VULNERABILITY), TODAY, true))
        .containsExactly("b 2: CVE-1 (leaks)");
  }

  @Test
  void anAcceptedFindingIsNoProblemOnItsLastDay() {
    var accepted = accepted(entry("a", "licence GPL", "2026-12-01"));
    assertThat(accepted.problems(List.of(LICENCE), TODAY, true)).isEmpty();
    assertThat(accepted.problems(List.of(LICENCE), TODAY.plusDays(1), true))
        .singleElement()
        .asString()
        .contains("was accepted until 2026-12-01");
  }

  @Test
  void anEntryNeedsAReasonAndADate() {
    var findings = List.of(LICENCE);
    for (var incomplete :
        List.of(
            entry("a", "licence GPL", "soon"),
            new Accepted.Entry("a", "licence GPL", null, "harmless"),
            new Accepted.Entry("a", "licence GPL", "2099-12-31", ""),
            new Accepted.Entry("a", "licence GPL", "2099-12-31", null))) {
      assertThat(accepted(incomplete).problems(findings, TODAY, true))
          .singleElement()
          .asString()
          .contains("without a reason or a date");
    }
  }

  @Test
  void anUnusedEntryIsAProblemIfItsFindingsAreKnown() {
    var accepted =
        accepted(entry("a", "licence GPL", "2099-12-31"), entry("b", "CVE-1", "2099-12-31"));
    assertThat(accepted.problems(List.of(), TODAY, true)).hasSize(2);
    assertThat(accepted.problems(List.of(), TODAY, false))
        .containsExactly("a: licence GPL is accepted and was not found; remove the entry");
  }

  @Test
  void theFileOfThisProjectCanBeRead() {
    var accepted = Accepted.read(Project.here().file(".dependencies.json"));
    assertThat(accepted.licences()).containsKey("Apache-2.0");
    assertThat(accepted.entries()).isNotEmpty();
  }
}
