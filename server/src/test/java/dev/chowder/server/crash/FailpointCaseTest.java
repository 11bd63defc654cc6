package dev.chowder.server.crash;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.chowder.base.Failpoints;
import dev.chowder.instance.InstanceEntity;
import dev.chowder.organization.OrganizationEntity;
import dev.chowder.sandbox.FailpointEngine;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Checks that {@link CrashContract} and {@link PoolCrashContract} cover every failpoint. */
class FailpointCaseTest {
  private static final String KEYED_CALLS = "dev.chowder.server.idempotency";
  private static final DescribedPredicate<JavaAccess<?>> HIT =
      target(owner(type(Failpoints.class))).and(target(name("hit")));
  private static final JavaClasses CODE =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.chowder");

  @Test
  void everyFailpointIsListedOnce() {
    assertThat(FailpointCase.all())
        .extracting(FailpointCase::name)
        .doesNotHaveDuplicates()
        .hasSizeGreaterThan(70);
  }

  @Test
  void failpointsAreOnlyInTheListedClasses() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(
            Failpoints.class, InstanceEntity.class, OrganizationEntity.class, FailpointEngine.class)
        .and()
        .resideOutsideOfPackage(KEYED_CALLS)
        .should()
        .accessTargetWhere(HIT)
        .check(CODE);
  }

  /** These failpoints are listed by hand, so their number must match the code. */
  @Test
  void allFailpointsOfKeyedCallsAreStepsOfACreationOrClaim() {
    var inTheCode =
        CODE.that(resideInAPackage(KEYED_CALLS)).stream()
            .flatMap(one -> one.getAccessesFromSelf().stream())
            .filter(HIT)
            .count();
    var tested =
        Stream.concat(
                CrashContract.stepsOfACreation().stream(), PoolScenarios.stepsOfAClaim().stream())
            .filter(step -> step.startsWith("idempotency."))
            .distinct();
    assertThat(tested).hasSize((int) inTheCode);
  }
}
