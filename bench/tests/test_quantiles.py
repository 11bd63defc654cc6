import unittest

from agents.quantiles import percentile


class PercentileTest(unittest.TestCase):
    def test_is_the_nearest_rank(self):
        values = [15, 20, 35, 40, 50]
        self.assertEqual([percentile(values, p) for p in (5, 30, 40, 50, 100)], [15, 20, 20, 35, 50])

    def test_does_not_depend_on_the_order(self):
        self.assertEqual(percentile([3, 1, 2], 50), 2)

    def test_rounds_no_rank_up_by_an_inexact_product(self):
        self.assertEqual(percentile(range(1, 101), 7), 7)

    def test_of_few_samples_the_highest_percentile_is_the_largest(self):
        self.assertEqual(percentile([1, 9], 99), 9)

    def test_rejects_what_has_no_percentile(self):
        for values, percent in (([], 50), ([1], 0), ([1], 101)):
            with self.subTest(values=values, percent=percent), self.assertRaises(ValueError):
                percentile(values, percent)
