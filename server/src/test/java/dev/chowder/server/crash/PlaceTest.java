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
import dev.chowder.actor.Failpoints;
import dev.chowder.instance.InstanceEntity;
import dev.chowder.organization.OrganizationEntity;
import dev.chowder.sandbox.FailpointSandboxDriver;
import org.junit.jupiter.api.Test;

/** That no failpoint is left out of the list that {@link CrashIT} goes through. */
class PlaceTest {
  private static final String KEYED_CALLS = "dev.chowder.server.idempotency";
  private static final DescribedPredicate<JavaAccess<?>> HIT =
      target(owner(type(Failpoints.class))).and(target(name("hit")));
  private static final JavaClasses CODE =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.chowder");

  @Test
  void everyPlaceIsListedOnce() {
    assertThat(Place.all()).extracting(Place::name).doesNotHaveDuplicates().hasSizeGreaterThan(70);
  }

  @Test
  void failpointsAreOnlyWhereTheListLooksForThem() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(
            Failpoints.class,
            InstanceEntity.class,
            OrganizationEntity.class,
            FailpointSandboxDriver.class)
        .and()
        .resideOutsideOfPackage(KEYED_CALLS)
        .should()
        .accessTargetWhere(HIT)
        .check(CODE);
  }

  /** They are named by hand: as many in the list as in the code. */
  @Test
  void theFailpointsOfKeyedCallsAreAllAmongTheStepsOfACreation() {
    var inTheCode =
        CODE.that(resideInAPackage(KEYED_CALLS)).stream()
            .flatMap(one -> one.getAccessesFromSelf().stream())
            .filter(HIT)
            .count();
    assertThat(CrashIT.stepsOfACreation().stream().filter(step -> step.startsWith("idempotency.")))
        .doesNotHaveDuplicates()
        .hasSize((int) inTheCode);
  }
}
