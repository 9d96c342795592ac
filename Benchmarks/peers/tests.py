"""Tests of the parts that need no model: python tests.py"""

import os
import subprocess
import sys
import tempfile
import unittest

from common import read_lines, read_qrels, sorted_batches
from metrics import cut, evaluate_run, read_run
from quality import difference, ranks
from recipes import judged_pairs, labelled_pairs

HERE = os.path.dirname(os.path.abspath(__file__))


class Scratch(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        return path

    def run_script(self, *arguments):
        return subprocess.run([sys.executable, *arguments], cwd=HERE, capture_output=True, text=True)


class Reading(Scratch):
    def test_lines_end_with_line_feeds_only_and_an_empty_line_is_a_text(self):
        self.assertEqual(read_lines(self.write("a", "one\u2028two\r\n\nthree\n")), ["one\u2028two\r", "", "three"])
        self.assertEqual(read_lines(self.write("b", "no last line feed")), ["no last line feed"])
        self.assertEqual(read_lines(self.write("c", "")), [])

    def test_judgements_of_both_layouts_read_the_same(self):
        beir = read_qrels(self.write("beir.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n"))
        trec = read_qrels(self.write("trec.txt", "q1 0 d1 2\nq1 0 d2 0\n"))
        self.assertEqual(beir, {"q1": {"d1": 2, "d2": 0}})
        self.assertEqual(trec, beir)

    def test_a_run_with_a_document_twice_is_refused_with_its_line(self):
        path = self.write("run", "q Q0 a 1 2.0 x\nq Q0 a 2 1.0 x\n")
        with self.assertRaises(SystemExit):
            read_run(path)


class Metrics(Scratch):
    def test_figures_agree_with_those_worked_out_by_hand(self):
        run = {"q": {"a": 3.0, "b": 2.0, "c": 1.0}}
        means, _ = evaluate_run(run, {"q": {"b": 1, "z": 1}})
        self.assertAlmostEqual(means["mrr@10"], 0.5)
        self.assertAlmostEqual(means["recall@10"], 0.5)
        self.assertAlmostEqual(means["ndcg@10"], 0.6309297536 / (1 + 0.6309297536), places=9)

    def test_a_query_that_the_run_lacks_counts_as_zero(self):
        means, _ = evaluate_run({"q": {"a": 1.0}}, {"q": {"a": 1}, "r": {"a": 1}, "s": {"a": 0}})
        self.assertEqual((means["mrr@10"], means["queries"], means["missing"]), (0.5, 2, 1))

    def test_the_eleventh_document_gives_no_reciprocal_rank(self):
        run = {"q": {f"d{place:02}": 100.0 - place for place in range(20)}}
        self.assertAlmostEqual(evaluate_run(run, {"q": {"d09": 1}})[0]["mrr@10"], 0.1)
        self.assertEqual(evaluate_run(run, {"q": {"d10": 1}})[0]["mrr@10"], 0)

    def test_ties_fall_by_document_and_scores_tie_in_float32(self):
        self.assertEqual(list(cut({"a": 1.0, "b": 1.0, "c": 1.0 + 1e-12}, 2)), ["c", "b"])
        self.assertEqual(list(cut({"a": 1.0 + 1e-12, "b": 1.0}, 1)), ["b"])

    def test_check_eval_says_no_with_exit_code_1(self):
        run = self.write("run", "q Q0 a 1 2.0 x\n")
        judgements = self.write("qrels.tsv", "query-id\tcorpus-id\tscore\nq\ta\t1\n")
        self.assertEqual(self.run_script("check_eval.py", run, judgements, "--expect", "ndcg@10=1").returncode, 0)
        self.assertEqual(self.run_script("check_eval.py", run, judgements, "--expect", "ndcg@10=0.9").returncode, 1)


class Vectors(Scratch):
    def compare(self, first, second, minimum):
        import numpy

        paths = []
        for name, rows in (("a.npy", first), ("b.npy", second)):
            paths.append(os.path.join(self.folder.name, name))
            numpy.save(paths[-1], numpy.array(rows, dtype=numpy.float32))
        return self.run_script("compare_vectors.py", *paths, "--minimum-cosine", str(minimum))

    def test_the_lowest_cosine_decides(self):
        self.assertEqual(self.compare([[1, 0], [0, 1]], [[2, 0], [0, 3]], 0.99999).returncode, 0)
        self.assertEqual(self.compare([[1, 0], [0, 1]], [[2, 0], [1, 1]], 0.99999).returncode, 1)

    def test_other_shapes_and_values_that_are_not_finite_are_refused(self):
        for second in ([[1, 0]], [[1, 0], [float("nan"), 1]], [[1, 0], [0, 0]]):
            ended = self.compare([[1, 0], [0, 1]], second, 0.5)
            self.assertEqual(ended.returncode, 1)
            self.assertTrue(ended.stderr.startswith("error: "), ended.stderr)


class Choosing(Scratch):
    def test_every_text_stands_in_one_batch_within_the_budget(self):
        lengths = [5, 100, 7, 64, 3, 50]
        batches = list(sorted_batches(lengths, budget=100, rows=3))
        self.assertEqual(sorted(index for batch in batches for index in batch), list(range(6)))
        for batch in batches:
            self.assertLessEqual(len(batch) * max(lengths[index] for index in batch), 100)
            self.assertLessEqual(len(batch), 3)

    def test_the_pairs_do_not_depend_on_the_order_of_the_judgements(self):
        header = "query-id\tcorpus-id\tscore\n"
        rows = [f"q{index}\td{index}\t1\n" for index in range(50)] + ["q0\td1\t0\n"]
        self.write("corpus.jsonl", "".join(f'{{"_id": "d{i}", "title": "", "text": "answer {i}"}}\n' for i in range(50)))
        self.write("queries.jsonl", "".join(f'{{"_id": "q{i}", "text": "question {i}"}}\n' for i in range(50)))
        self.write("qrels/train.tsv", header + "".join(rows))
        first = judged_pairs(self.folder.name, 20)
        self.write("qrels/train.tsv", header + "".join(reversed(rows)))
        self.assertEqual(judged_pairs(self.folder.name, 20), first)
        self.assertEqual(len({row["anchor_id"] for row in first}), 20)
        for row in first:
            self.assertEqual(row["anchor"].split()[1], row["positive"].split()[1])

    def test_texts_of_a_label_are_each_an_anchor_and_a_positive_once(self):
        path = self.write("train.csv", 'text,label\n"a, 1",x\nb,y\na 2,x\na 3,x\n')
        pairs = labelled_pairs(path)
        self.assertEqual(sorted(pair["anchor"] for pair in pairs), ["a 2", "a 3", "a, 1"])
        self.assertEqual(sorted(pair["positive"] for pair in pairs), ["a 2", "a 3", "a, 1"])
        self.assertTrue(all(pair["anchor"] != pair["positive"] for pair in pairs))


class Quality(unittest.TestCase):
    def test_equal_values_share_a_rank(self):
        self.assertEqual(list(ranks([3, 1, 3, 2])), [2.5, 0, 2.5, 1])

    def test_the_difference_is_that_of_the_means_over_the_seeds(self):
        ours = [[{"ndcg@10": 1.0}, {"ndcg@10": 0.5}], [{"ndcg@10": 0.0}, {"ndcg@10": 0.5}]]
        theirs = [[{"ndcg@10": 0.25}, {"ndcg@10": 0.25}]]
        self.assertEqual(difference(ours, theirs, "ndcg@10"), [0.25, 0.25, 0.25])


if __name__ == "__main__":
    unittest.main()
