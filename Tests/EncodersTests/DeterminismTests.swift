import Encoders
import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("The same bits for any number of threads")
struct DeterminismTests {
    @Test("vectors and low-rank gradients, with dropout", arguments: [2, 3, 5])
    func adapterTraining(width: Int) throws {
        let (model, batch) = try WideModel.make()
        let adapter = try WideModel.adapter(of: model)
        let options = TrainingOptions(dropout: 0.1, seed: 3, step: 7)
        func step() throws -> (Matrix<Float>, AdapterGradients) {
            let (vectors, activations) = try model.forward(batch, adapter: adapter, options: options)
            var gradients = AdapterGradients(zerosLike: adapter)
            model.backward(
                random(vectors.rows, vectors.columns, seed: 5), activations: activations, into: &gradients)
            return (vectors, gradients)
        }
        let (vectors, gradients) = try ThreadPool.withWidth(1) { try step() }
        let (others, otherGradients) = try ThreadPool.withWidth(width) { try step() }
        #expect(vectors == others)
        for (a, b) in zip(gradients.pairs, otherGradients.pairs) { #expect(a.a == b.a && a.b == b.b) }
        #expect(gradients.sumOfSquares == otherGradients.sumOfSquares && gradients.sumOfSquares > 0)
    }

    @Test("the gradients of all weights", arguments: [2, 3, 5])
    func fullTraining(width: Int) throws {
        let (model, batch) = try WideModel.make()
        func step() throws -> [String: Matrix<Float>] {
            let (vectors, activations) = try model.forwardKeepingEverything(batch)
            var gradients = model.encoder.zeroGradients
            model.backward(
                random(vectors.rows, vectors.columns, seed: 5), activations: activations, into: &gradients)
            return gradients.tensors
        }
        let one = try ThreadPool.withWidth(1) { try step() }
        let many = try ThreadPool.withWidth(width) { try step() }
        #expect(one == many)
    }
}

@Suite("Blocks of a product")
struct BlockGridTests {
    @Test(
        "cover every element once",
        arguments: [1, 10, 127, 128, 129, 1000, 1024, 5000], [[1], [384], [384, 384, 384], [33, 97], [1536]])
    func cover(rows: Int, widths: [Int]) {
        let grid = BlockGrid(rows: rows, widths: widths, inputs: 384)
        var covered = widths.map { [Int](repeating: 0, count: rows * $0) }
        for task in 0..<grid.count {
            let (taskRows, pieces) = grid[task]
            for piece in pieces {
                #expect(piece.columns.lowerBound % PackedMatrix.panelWidth == 0)
                for row in taskRows {
                    for column in piece.columns { covered[piece.module][row * widths[piece.module] + column] += 1 }
                }
            }
        }
        #expect(covered.allSatisfy { $0.allSatisfy { $0 == 1 } })
    }
}
