import Testing
import VectorMath

@Suite("Layer primitives")
struct LayerPrimitiveTests {
    /// Shapes with no rows, one block, several blocks and a last one that is smaller.
    static let shapes = [(0, 5), (3, 0), (1, 1), (5, 33), (64, 384), (777, 100), (4500, 17)].map {
        MatrixShape(rows: $0.0, columns: $0.1)
    }

    struct MatrixShape: Sendable, CustomTestStringConvertible {
        let rows, columns: Int
        var testDescription: String { "\(rows) × \(columns)" }
    }

    /// What `body` gives for one, two and five threads; checks that it is the same.
    private func sameForAnyWidth<R: Equatable>(
        _ body: () -> R, sourceLocation: SourceLocation = #_sourceLocation
    ) -> R {
        let results = [1, 2, 5].map { width in ThreadPool.withWidth(width, body) }
        #expect(results[0] == results[1] && results[0] == results[2], sourceLocation: sourceLocation)
        return results[0]
    }

    @Test(
        "layer norm and its backward work row by row, with the same bits for any number of threads", arguments: shapes)
    func layerNormalisation(shape: MatrixShape) {
        let (rows, columns) = (shape.rows, shape.columns)
        let x = randomMatrix(rows, columns, seed: 1)
        let dy = randomMatrix(rows, columns, seed: 2)
        let gain = randomFloats(columns, seed: 3)
        let bias = randomFloats(columns, seed: 4)
        var statistics: LayerNormStatistics? = LayerNormStatistics()
        let y = sameForAnyWidth {
            var y = Matrix<Float>(rows: rows, columns: columns)
            layerNorm(x.view, gain: gain, bias: bias, epsilon: 1e-5, into: &y, statistics: &statistics)
            return y
        }
        guard let statistics, columns > 0 else { return }
        for row in 0..<min(rows, 5) {
            let expected = Reference.layerNorm(
                x.row(row).map(Double.init), gain: gain.map(Double.init), bias: bias.map(Double.init), epsilon: 1e-5)
            expectNear(y.row(row), expected, "row \(row)") { _ in 4e-6 }
        }
        let gradients = sameForAnyWidth {
            var dx = Matrix<Float>(rows: rows, columns: columns)
            var gainGradient: [Float]? = [Float](repeating: 1, count: columns)
            var biasGradient: [Float]? = [Float](repeating: 2, count: columns)
            layerNormBackward(
                dy.view, x: x.view, gain: gain, statistics: statistics, into: &dx, accumulatingGain: &gainGradient,
                accumulatingBias: &biasGradient)
            return [dx.elements(), gainGradient ?? [], biasGradient ?? []]
        }
        var gainGradient = [Double](repeating: 1, count: columns)
        var biasGradient = [Double](repeating: 2, count: columns)
        for row in 0..<rows {
            let (mean, reciprocal) = (Double(statistics.mean[row]), Double(statistics.reciprocalDeviation[row]))
            for column in 0..<columns {
                gainGradient[column] += Double(dy[row, column]) * (Double(x[row, column]) - mean) * reciprocal
                biasGradient[column] += Double(dy[row, column])
            }
        }
        let slack = 1e-6 * (4 + Double(rows) / 20)
        expectNear(gradients[1], gainGradient, "gain gradient") { _ in slack }
        expectNear(gradients[2], biasGradient, "bias gradient") { _ in slack }
    }

    @Test("layer norm's backward leaves alone what is not asked for")
    func layerNormWithoutParameters() {
        let x = randomMatrix(4, 8, seed: 5)
        var statistics: LayerNormStatistics?
        var y = Matrix<Float>(rows: 4, columns: 8)
        layerNorm(
            x.view, gain: .init(repeating: 1, count: 8), bias: .init(repeating: 0, count: 8), epsilon: 1e-5, into: &y,
            statistics: &statistics)
        #expect(statistics == nil)
        statistics = LayerNormStatistics()
        layerNorm(
            x.view, gain: .init(repeating: 1, count: 8), bias: .init(repeating: 0, count: 8), epsilon: 1e-5, into: &y,
            statistics: &statistics)
        var none: [Float]?
        var bias: [Float]? = .init(repeating: 0, count: 8)
        layerNormBackward(
            x.view, x: x.view, gain: .init(repeating: 1, count: 8), statistics: statistics ?? LayerNormStatistics(),
            into: &y, accumulatingGain: &none, accumulatingBias: &bias)
        #expect(none == nil && bias != nil)
    }

    @Test("element-wise functions and softmax are the kernels', row by row", arguments: shapes)
    func elementwise(shape: MatrixShape) {
        let (rows, columns) = (shape.rows, shape.columns)
        let x = randomMatrix(rows, columns, seed: 6, scale: 4)
        let dy = randomMatrix(rows, columns, seed: 7)
        let bias = randomFloats(columns, seed: 8)
        for form in [GELU.exact, .tanh] {
            let y = sameForAnyWidth {
                var y = Matrix<Float>(rows: rows, columns: columns)
                gelu(x.view, form, into: &y)
                return y
            }
            let dx = sameForAnyWidth {
                var dx = Matrix<Float>(rows: rows, columns: columns)
                geluBackward(dy.view, x: x.view, form, into: &dx)
                return dx
            }
            var (yRow, dxRow) = (bias, bias)
            for row in 0..<rows where columns > 0 {
                RowKernels.gelu(x.row(row), form, into: &yRow, count: columns)
                RowKernels.geluBackward(dy.row(row), x: x.row(row), form, into: &dxRow, count: columns)
                #expect(y.row(row) == yRow && dx.row(row) == dxRow)
            }
        }
        let soft = sameForAnyWidth {
            var y = x
            softmaxRows(&y, scale: 0.5)
            return y
        }
        let softGradient = sameForAnyWidth {
            var dx = Matrix<Float>(rows: rows, columns: columns)
            softmaxRowsBackward(dy.view, y: soft.view, scale: 0.5, into: &dx)
            return dx
        }
        for row in 0..<rows where columns > 0 {
            var expected = x.row(row)
            RowKernels.softmax(&expected, count: columns, scale: 0.5)
            #expect(soft.row(row) == expected)
            RowKernels.softmaxBackward(dy.row(row), y: soft.row(row), into: &expected, count: columns, scale: 0.5)
            #expect(softGradient.row(row) == expected)
        }
    }

    @Test("sums, biases and scalings agree with plain arithmetic", arguments: shapes)
    func sums(shape: MatrixShape) {
        let (rows, columns) = (shape.rows, shape.columns)
        let x = randomMatrix(rows, columns, seed: 9)
        let row = randomFloats(columns, seed: 10)
        let columnSums = sameForAnyWidth {
            var sums = row
            addColumnSums(of: x.view, to: &sums)
            return sums
        }
        let exact = (0..<columns).map { column in
            (0..<rows).map { Double(x[$0, column]) }.reduce(Double(row[column]), +)
        }
        expectNear(columnSums, exact, "column sums") { _ in 1e-6 * (4 + Double(rows) / 20) }

        let squares = sameForAnyWidth { sumOfSquares(x.view) }
        let exactSquares = x.elements().map { Double($0) * Double($0) }.reduce(0, +)
        #expect(abs(squares - exactSquares) <= 1e-12 * exactSquares)

        var sum = x
        addRowVector(row, to: &sum)
        add(x.view, to: &sum, scale: 2)
        scale(&sum, by: 0.5)
        let elements = x.elements()
        let expected = elements.indices.map { 0.5 * (3 * Double(elements[$0]) + Double(row[$0 % columns])) }
        expectNear(sum.elements(), expected, "sums") { _ in 1e-6 }
        var product = x
        multiplyElements(x.view, into: &product)
        #expect(product.elements() == elements.map { $0 * $0 })
    }

    @Test("normalise rows and their gradients, a zero row included", arguments: shapes)
    func normalisation(shape: MatrixShape) {
        let (rows, columns) = (shape.rows, shape.columns)
        var x = randomMatrix(rows, columns, seed: 11)
        if rows > 2 { x.setRow(2, to: .init(repeating: 0, count: columns)) }
        var norms: [Float] = []
        let y = sameForAnyWidth {
            var y = x
            norms = normalizeRows(&y)
            return y
        }
        let dy = randomMatrix(rows, columns, seed: 12)
        let dx = sameForAnyWidth {
            var dx = Matrix<Float>(rows: rows, columns: columns)
            normalizeRowsBackward(dy.view, normalized: y.view, norms: norms, into: &dx)
            return dx
        }
        for row in 0..<rows where columns > 0 {
            if row == 2 {
                #expect(y.row(row).allSatisfy { $0 == 0 })
                #expect(dx.row(row) == dy.row(row).map { $0 * (1 / 1e-12) })
            } else if columns > 1 {
                expectNear(y.row(row), Reference.normalize(x.row(row).map(Double.init)), "row") { _ in 1e-6 }
                // The gradient of a direction is at right angles to it.
                let along = zip(y.row(row), dx.row(row)).map { Double($0) * Double($1) }.reduce(0, +)
                #expect(abs(along) < 1e-5 / Double(norms[row]))
            }
        }
    }

    @Test("gather rows of a table")
    func gather() {
        let table = randomMatrix(50, 19, seed: 13)
        let indices = (0..<3000).map { Int32($0 * 7 % 50) }
        var y = Matrix<Float>(rows: 3000, columns: 19)
        gatherRows(of: table.view, at: indices, into: &y)
        for row in 0..<3000 { #expect(y.row(row) == table.row(Int(indices[row]))) }
        var empty = Matrix<Float>(rows: 0, columns: 19)
        gatherRows(of: table.view, at: [], into: &empty)
    }

    @Test("refuse an index outside the table")
    func gatherOutside() async {
        await #expect(processExitsWith: .failure) {
            let table = Matrix<Float>(rows: 2, columns: 2)
            var y = Matrix<Float>(rows: 1, columns: 2)
            gatherRows(of: table.view, at: [2], into: &y)
        }
    }

    @Test("refuse shapes that do not fit")
    func wrongShapes() async {
        await #expect(processExitsWith: .failure) {
            var y = Matrix<Float>(rows: 1, columns: 2)
            gelu(Matrix<Float>(rows: 2, columns: 2).view, .exact, into: &y)
        }
        await #expect(processExitsWith: .failure) {
            var c = Matrix<Float>(rows: 2, columns: 2)
            multiply(Matrix<Float>(rows: 2, columns: 3).view, Matrix<Float>(rows: 2, columns: 2).view, into: &c)
        }
    }
}
