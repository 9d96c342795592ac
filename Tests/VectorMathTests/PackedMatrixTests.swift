import CAttuneKernels
import Testing
import VectorMath

@Suite("Products with packed weights")
struct PackedMatrixTests {
    /// Error for each term of a float32 product, for factors in -1...1: half a unit in the last place of 1.
    static let tolerance: Float = 0x1p-24

    static let sets = InstructionSet.available

    private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix<Float> {
        var generator = RandomGenerator(seed: seed)
        return Matrix(
            rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in 2 * generator.uniform() - 1 })
    }

    /// x · Wᵀ + bias (+ y) by an instruction set, for W packed from its transpose or as it is.
    private func product(
        _ set: InstructionSet, _ x: Matrix<Float>, _ weight: Matrix<Float>, bias: [Float]?, start: Matrix<Float>,
        accumulate: Bool
    ) -> Matrix<Float> {
        let (inputs, outputs) = (x.columns, weight.rows)
        var packed = Matrix<Float>(
            rows: 1, columns: max(1, attune_packed_count(inputs, outputs)))
        var y = start
        weight.withUnsafePointer { weightBase in
            packed.withUnsafeMutablePointer { packed in
                attune_pack_f32(weightBase, weight.stride, 1, inputs, outputs, packed)
                let table = attune_kernels_for(set.rawValue)!
                let stride = y.stride
                x.withUnsafePointer { x0 in
                    y.withUnsafeMutablePointer { y0 in
                        table.pointee.product(
                            x0, x.stride, x.rows, packed, inputs, outputs, bias, y0, stride, accumulate ? 1 : 0)
                    }
                }
            }
        }
        return y
    }

    @Test(
        "agree with double precision at every instruction set, with every width and number of rows",
        arguments: sets, [1, 2, 5, 7, 12, 13, 31, 97, 100])
    func agrees(set: InstructionSet, rows: Int) {
        for (inputs, outputs) in [
            (1, 1), (3, 5), (16, 16), (17, 31), (32, 32), (40, 33), (64, 47), (96, 80), (130, 49),
        ] {
            let x = random(rows, inputs, seed: 1)
            let weight = random(outputs, inputs, seed: 2)
            let bias = random(1, outputs, seed: 3).row(0)
            let start = random(rows, outputs, seed: 4)
            for accumulate in [false, true] {
                let y = product(set, x, weight, bias: accumulate ? nil : bias, start: start, accumulate: accumulate)
                for i in 0..<rows {
                    for j in 0..<outputs {
                        var sum = accumulate ? Double(start[i, j]) : Double(bias[j])
                        for k in 0..<inputs { sum += Double(x[i, k]) * Double(weight[j, k]) }
                        #expect(abs(y[i, j] - Float(sum)) <= Self.tolerance * Float(16 + 4 * inputs))
                    }
                }
            }
        }
    }

    @Test("give a row the same bits in any company and at any place", arguments: sets)
    func rowsAreIndependent(set: InstructionSet) {
        let weight = random(75, 200, seed: 5)
        let x = random(110, 200, seed: 6)
        let all = product(set, x, weight, bias: nil, start: Matrix(rows: 110, columns: 75), accumulate: false)
        for count in [1, 2, 3, 5, 8, 11, 12, 13, 40] {
            for first in [0, 1, 50, 97 - count] {
                let some = product(
                    set, Matrix(copying: x[rows: first..<first + count]), weight, bias: nil,
                    start: Matrix(rows: count, columns: 75), accumulate: false)
                for i in 0..<count { #expect(some.row(i) == all.row(first + i)) }
            }
        }
    }

    @Test("take a transposed weight, and compute ranges of columns as they compute all")
    func facesAgree() {
        let weight = random(100, 64, seed: 7)
        var transposed = Matrix<Float>(rows: 64, columns: 100)
        for i in 0..<100 { for j in 0..<64 { transposed[j, i] = weight[i, j] } }
        let x = random(9, 64, seed: 8)
        let bias = random(1, 100, seed: 9).row(0)

        func y(_ packed: PackedMatrix, _ ranges: [Range<Int>]) -> Matrix<Float> {
            var y = Matrix<Float>(rows: 9, columns: 100)
            let stride = y.stride
            x.withUnsafePointer { x0 in
                y.withUnsafeMutablePointer { y0 in
                    for range in ranges {
                        packed.multiply(
                            x0, xStride: x.stride, rows: 9, columns: range, bias: bias, into: y0, yStride: stride)
                    }
                }
            }
            return y
        }
        let whole = y(PackedMatrix(weight.view), [0..<100])
        #expect(y(PackedMatrix(transposing: transposed.view), [0..<100]) == whole)
        #expect(y(PackedMatrix(weight.view), [64..<100, 0..<32, 32..<64]) == whole)
        #expect(whole != Matrix(rows: 9, columns: 100))
    }
}
