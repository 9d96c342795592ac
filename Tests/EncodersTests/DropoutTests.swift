import Encoders
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("LoRA dropout")
struct DropoutTests {
    /// A fresh identity-like adapter makes the dropped input visible: A = B = 1, W = 0, so that y = dropout(x).
    private func dropped(
        _ x: Matrix<Float>, _ options: TrainingOptions, name: String = "m"
    ) throws -> Matrix<Float> {
        var identity = Matrix<Float>(rows: x.columns, columns: x.columns)
        for i in 0..<x.columns { identity[i, i] = 1 }
        let adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: x.columns, alpha: 1, targets: .attention),
            modules: [name: LowRankPair(a: identity, b: identity, scaling: 1)])
        let layer = Linear(
            modules: [(name, Matrix<Float>(rows: x.columns, columns: x.columns).view)],
            bias: [Float](repeating: 0, count: x.columns))
        return layer.forward(x.view, adapter: LinearAdapter(adapter, for: layer), options: options).y
    }

    private func ones(_ rows: Int, _ columns: Int) -> Matrix<Float> {
        Matrix(rows: rows, columns: columns, elements: [Float](repeating: 1, count: rows * columns))
    }

    @Test("drops the share that is asked for and keeps the expectation", arguments: [Float(0.05), 0.1, 0.5, 0.9])
    func share(probability: Float) throws {
        let values = try dropped(ones(700, 33), TrainingOptions(dropout: probability, seed: 1)).elements()
        let zeros = Double(values.count { $0 == 0 }) / Double(values.count)
        // Five standard errors.
        let error = 5 * (Double(probability * (1 - probability)) / Double(values.count)).squareRoot()
        #expect(abs(zeros - Double(probability)) < error)
        #expect(values.allSatisfy { $0 == 0 || abs($0 * (1 - probability) - 1) < 1e-4 })
    }

    @Test("no dropout changes nothing")
    func none() throws {
        let x = random(9, 5, seed: 1)
        #expect(try dropped(x, TrainingOptions(seed: 3)) == x)
    }

    @Test("seed, step, pass and module each draw another mask; the same ones draw the same")
    func masks() throws {
        let x = ones(64, 32)
        let options = TrainingOptions(dropout: 0.5, seed: 1, step: 2, pass: 3)
        var others = [options, options, options]
        others[0].seed = 2
        others[1].step = 3
        others[2].pass = 2
        let mask = try dropped(x, options)
        #expect(try dropped(x, options) == mask)
        for other in others { #expect(agreement(try dropped(x, other), mask) < 0.6) }
        #expect(agreement(try dropped(x, options, name: "n"), mask) < 0.6)
    }

    @Test("rows have masks of their own, the same for any number of threads and rows")
    func rows() throws {
        let options = TrainingOptions(dropout: 0.5, seed: 1)
        let mask = try ThreadPool.withWidth(1) { try dropped(ones(300, 32), options) }
        #expect(try ThreadPool.withWidth(2) { try dropped(ones(300, 32), options) } == mask)
        let shorter = try dropped(ones(40, 32), options)
        #expect((0..<40).allSatisfy { shorter.row($0) == mask.row($0) })
        #expect((1..<300).allSatisfy { mask.row($0) != mask.row($0 - 1) })
    }

    @Test("changes training's vectors, and leaves those of inference alone")
    func training() throws {
        let model = try TinyBERT.model()
        let (batch, adapter) = (try TinyBERT.batch(), try TinyBERT.adapter())
        let plain = try model.forward(batch, adapter: adapter).embeddings
        let options = TrainingOptions(dropout: 0.2, seed: 4)
        let dropped = try model.forward(batch, adapter: adapter, options: options).embeddings
        #expect(dropped != plain)
        #expect(try model.embed(batch, adapter: adapter, options: options) == dropped)
        #expect(try model.embed(batch, adapter: adapter) == plain)
    }

    private func agreement(_ a: Matrix<Float>, _ b: Matrix<Float>) -> Double {
        let same = zip(a.elements(), b.elements()).count { ($0.0 == 0) == ($0.1 == 0) }
        return Double(same) / Double(a.rows * a.columns)
    }
}
