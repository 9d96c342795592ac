import Corpora
import Encoders
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@testable import Training

@Suite("A contrastive step")
struct ContrastiveStepTests {
    /// Other micro-batches make products of other shapes, which round differently.
    static let sameComputation = Tolerance(absolute: 1e-5, relative: 1e-5)
    /// Against PyTorch in float32, through two blocks and three steps of the optimiser.
    static let recorded = Tolerance(absolute: 2e-4, relative: 1e-3)

    private func step(
        _ trainer: Trainer, tuples: [Int], microBatchTokens: Int, memoryBudget: Int, dropout: Float = 0
    ) throws -> (loss: Double, gradients: [Float]) {
        let plan = trainer.data.batch(tuples, microBatchTokens: microBatchTokens)
        var adapter = trainer.initial.adapter
        var random = RandomGenerator(seed: 4)
        for i in adapter.pairs.indices {
            let b = adapter.pairs[i].b
            adapter.pairs[i].b = Matrix(
                rows: b.rows, columns: b.columns,
                elements: (0..<b.rows * b.columns).map { _ in random.normal() * 0.2 })
        }
        var gradients = AdapterGradients(zerosLike: adapter)
        let step = try trainer.step(memoryBudget: memoryBudget)
        let loss = try step.run(
            plan, adapter: adapter, options: TrainingOptions(dropout: dropout, seed: 5, step: 3),
            gradients: &gradients, isCancelled: { false })
        return (try #require(loss).loss, gradients.pairs.flatMap { $0.a.elements() + $0.b.elements() })
    }

    @Test(
        "gives the same bits whether activations are kept or computed again", arguments: [Float(0), 0.3],
        [1, 40, 10_000])
    func gradientCache(dropout: Float, microBatchTokens: Int) throws {
        let trainer = try Tiny.trainer()
        let all = Array(0..<trainer.data.count)
        let kept = try step(
            trainer, tuples: all, microBatchTokens: microBatchTokens, memoryBudget: .max, dropout: dropout)
        let again = try step(
            trainer, tuples: all, microBatchTokens: microBatchTokens, memoryBudget: 0, dropout: dropout)
        #expect(kept.loss == again.loss)
        #expect(kept.gradients == again.gradients)
        let isTrained = kept.gradients.contains { $0 != 0 }
        #expect(isTrained)
    }

    @Test(
        "computes the blocks below the adapter once a text, and gives the same bits", arguments: [Precision.f32, .bf16])
    func prefixes(precision: Precision) throws {
        var settings = Tiny.settings
        settings.targets = ["layer.1.attention.self.query", "layer.1.attention.self.value"]
        settings.precision = precision
        let trainer = try Tiny.trainer(settings)
        let plan = trainer.data.batch([0, 3, 4, 3], microBatchTokens: 40)
        func step(budget: Int) throws -> (pass: AdapterPass, gradients: [Float]) {
            var step = try trainer.step(memoryBudget: .max)
            step.prefixBudget = budget
            var pass = try step.pass(trainer.initial.adapter)
            for _ in 0..<2 {
                _ = try step.step.run(plan, &pass, options: TrainingOptions(), isCancelled: { false })
            }
            return (pass, pass.gradients.pairs.flatMap { $0.a.elements() + $0.b.elements() })
        }
        let (kept, again) = (try step(budget: .max), try step(budget: 0))
        #expect(kept.pass.adapter.lowest == 1)
        #expect(kept.pass.prefixes.byteCount > 0 && again.pass.prefixes.byteCount == 0)
        #expect(kept.gradients == again.gradients)
        let isTrained = kept.gradients.contains { $0 != 0 }
        #expect(isTrained)

        let batch = TokenBatch(plan.tokens.map(\.ids))
        let encoder = kept.pass.encoder
        let below = try encoder.hiddenStates(batch, below: kept.pass.adapter)
        let whole = try encoder.forward(
            batch, adapter: kept.pass.adapter, options: TrainingOptions(), keeps: false)
        let upper = try encoder.forward(
            batch, adapter: kept.pass.adapter, below: below, options: TrainingOptions(), keeps: false)
        #expect(whole.vectors.elements() == upper.vectors.elements())
    }

    @Test("gives the same gradients in one piece and in micro-batches", arguments: [1, 30, 64])
    func microBatches(tokens: Int) throws {
        let trainer = try Tiny.exactTrainer()
        let all = Array(0..<trainer.data.count)
        let whole = try step(trainer, tuples: all, microBatchTokens: 1 << 20, memoryBudget: .max)
        let cut = try step(trainer, tuples: all, microBatchTokens: tokens, memoryBudget: .max)
        #expect(Self.sameComputation.accepts(whole.loss, cut.loss))
        #expect(difference(cut.gradients, whole.gradients, within: Self.sameComputation) == nil)
    }

    @Test("gives the gradients of every text encoded on its own, also where texts repeat")
    func repeatedTexts() throws {
        // The same tuples with every text in a row of its own: no text is shared.
        let trainer = try Tiny.exactTrainer()
        let tuples = [0, 20, 4, 21, 0]
        let shared = try step(trainer, tuples: tuples, microBatchTokens: 1 << 20, memoryBudget: .max)
        let plan = trainer.data.batch(tuples, microBatchTokens: 1 << 20)
        guard case .tuples(let parts) = plan.rows else {
            Issue.record("\(plan.rows)")
            return
        }
        let rows = parts.anchors + parts.candidates
        #expect(plan.tokens.count < rows.count)
        var next = 0
        func fresh(_ count: Int) -> [Int] {
            defer { next += count }
            return Array(next..<next + count)
        }
        let separate = BatchPlan(
            tokens: rows.map { plan.tokens[$0] }, microBatches: [0..<rows.count],
            rows: .tuples(
                TupleRows(
                    anchors: fresh(parts.anchors.count), positives: fresh(parts.positives.count),
                    negatives: parts.negatives.map { fresh($0.count) }, falseNegatives: parts.falseNegatives)),
            names: plan.names)
        var adapter = trainer.initial.adapter
        var random = RandomGenerator(seed: 4)
        for i in adapter.pairs.indices {
            let b = adapter.pairs[i].b
            adapter.pairs[i].b = Matrix(
                rows: b.rows, columns: b.columns,
                elements: (0..<b.rows * b.columns).map { _ in random.normal() * 0.2 })
        }
        var gradients = AdapterGradients(zerosLike: adapter)
        let loss = try trainer.step(memoryBudget: .max).run(
            separate, adapter: adapter, options: TrainingOptions(), gradients: &gradients, isCancelled: { false })
        #expect(Self.sameComputation.accepts(try #require(loss).loss, shared.loss))
        #expect(
            difference(
                shared.gradients, gradients.pairs.flatMap { $0.a.elements() + $0.b.elements() },
                within: Self.sameComputation) == nil)
    }

    @Test("takes PyTorch's first three AdamW steps")
    func adamW() throws {
        let forward = try SafetensorsFile(path: SharedData.tinyBERT + "/forward.safetensors")
        let recorded = try SafetensorsFile(path: SharedData.tinyBERT + "/grads_lora.safetensors")
        func floats(_ name: String) throws -> [Float] { try #require(recorded.tensor(name)).floats() }

        let ids = try #require(forward.tensor("input_ids"))
        let mask = try #require(forward.tensor("attention_mask")).integers()
        let width = ids.shape[1]
        let values = ids.integers()
        let sequences = (0..<ids.shape[0]).map { row in
            (0..<width).filter { mask[row * width + $0] == 1 }.map { Int32(values[row * width + $0]) }
        }
        let trainer = try Tiny.exactTrainer()
        var adapter = trainer.initial.adapter
        for (i, name) in adapter.names.enumerated() {
            adapter.pairs[i].a = Matrix(rows: 4, columns: 32, elements: try floats(name + ".A"))
            adapter.pairs[i].b = Matrix(rows: 32, columns: 4, elements: try floats(name + ".B"))
        }
        let plan = BatchPlan(
            tokens: sequences.map { TokenizedData.Tokens(ids: $0, skipped: 0) }, microBatches: [0..<3, 3..<8],
            rows: .tuples(TupleRows(anchors: [0, 1, 2, 3], positives: [4, 5, 6, 7])), names: [])
        let step = try trainer.step(memoryBudget: 0)
        var optimizer = AdamW(for: adapter)
        var losses: [Double] = []
        for _ in 0..<3 {
            var gradients = AdapterGradients(zerosLike: adapter)
            let loss = try step.run(
                plan, adapter: adapter, options: TrainingOptions(), gradients: &gradients, isCancelled: { false })
            losses.append(try #require(loss).loss)
            optimizer.step(&adapter, gradients: gradients, learningRate: 1e-2)
        }
        #expect(optimizer.steps == 3)
        #expect(difference(losses, try floats("adamw_losses"), within: Self.recorded) == nil)
        for (name, pair) in zip(adapter.names, adapter.pairs) {
            #expect(difference(pair.a.elements(), try floats(name + ".A3"), within: Self.recorded) == nil, "\(name)")
            #expect(difference(pair.b.elements(), try floats(name + ".B3"), within: Self.recorded) == nil, "\(name)")
        }
    }

    @Test("stops between micro-batches when it is cancelled", arguments: 0..<6)
    func cancels(after asked: Int) throws {
        let trainer = try Tiny.trainer()
        let plan = trainer.data.batch(Array(0..<8), microBatchTokens: 40)
        #expect(plan.microBatches.count >= 3)
        var gradients = AdapterGradients(zerosLike: trainer.initial.adapter)
        var questions = 0
        let loss = try trainer.step(memoryBudget: 0).run(
            plan, adapter: trainer.initial.adapter, options: TrainingOptions(), gradients: &gradients
        ) {
            questions += 1
            return questions > asked
        }
        #expect(loss == nil)
        #expect(questions == asked + 1)
    }

    @Test("keeps activations only within the memory budget")
    func memoryBudget() throws {
        let trainer = try Tiny.trainer()
        let plan = trainer.data.batch(Array(0..<8), microBatchTokens: 40)
        let pass = try trainer.step(memoryBudget: 0).pass(trainer.initial.adapter)
        func keeps(_ budget: Int, _ plan: BatchPlan) throws -> Bool {
            try trainer.step(memoryBudget: budget).step.keepsActivations(of: plan, pass)
        }
        let bytes = try trainer.step(memoryBudget: 0).step.activationBytes(of: plan, pass)
        // Two blocks of a width of 32: more than the inputs of its layers, less than a hundred times that.
        #expect((2 * 32 * 4 * plan.tokenCount..<200 * 32 * 4 * plan.tokenCount).contains(bytes))
        #expect(try keeps(bytes, plan))
        #expect(try !keeps(bytes - 1, plan))
        #expect(try keeps(0, trainer.data.batch(Array(0..<8), microBatchTokens: 1 << 20)))
    }

    @Test(
        "cuts micro-batches by a budget of tokens",
        arguments: [
            ([9, 5, 5, 3, 1], 10, [0..<1, 1..<3, 3..<5]), ([9, 5], 4, [0..<1, 1..<2]), ([], 4, []),
            ([1, 1, 1], 3, [0..<3]), ([2, 2, 2], 3, [0..<1, 1..<2, 2..<3]),
        ] as [([Int], Int, [Range<Int>])])
    func cutsMicroBatches(lengths: [Int], budget: Int, ranges: [Range<Int>]) {
        #expect(TextEncoder.batches(lengths: lengths, budget: budget) == ranges)
    }

    @Test("orders the texts of a batch by length and encodes equal ones once")
    func plan() throws {
        let trainer = try Tiny.trainer()
        let plan = trainer.data.batch([20, 0, 21], microBatchTokens: 1 << 20)
        let lengths = plan.tokens.map(\.ids.count)
        #expect(lengths == lengths.sorted(by: >))
        #expect(Set(plan.tokens).count == plan.tokens.count)
        // Tuples 20 and 0 ask the same; "The cat sat in the  sat." has the tokens of tuple 0's positive.
        guard case .tuples(let rows) = plan.rows else {
            Issue.record("\(plan.rows)")
            return
        }
        #expect(rows.anchors[0] == rows.anchors[1])
        #expect(rows.positives[1] == rows.positives[2])
        // Neither is a negative of the other, nor is tuple 0's positive one of tuple 20's, as both answer its question.
        #expect(rows.falseNegatives[.queryToDocument] == [[1, 2], [0, 2], [1]])
        #expect(plan.names == ["pair 21", "q0/d0", "pair 22"])
    }
}
