import CAttuneKernels
import Glibc
import Testing
import VectorMath

@Suite("Distances of float32 queries to stored rows")
struct DistanceRowsTests {
    static let lengths = Array(kernelLengths) + [384, 391, 768, 1030]
    /// Rounding errors of a sum of n products in float32: at most n + 1 roundings of the sum of their magnitudes.
    static let unit = 0x1p-24

    /// Rows of bytes of several vectors, one after another.
    static func byteRows(_ vectors: [[Float]], toLength1: Bool = false) -> [UInt8] {
        vectors.flatMap { vector in
            var row = [UInt8](repeating: 0xee, count: ByteRow.size(dimension: vector.count))
            ByteRow.write(vector, dimension: vector.count, toLength1: toLength1, into: &row)
            return row
        }
    }

    /// What a row of bytes stands for, by its definition.
    static func values(_ row: ArraySlice<UInt8>, dimension: Int) -> [Float] {
        let codes = (dimension + 7) / 8 * 8
        func factor(_ index: Int) -> Float {
            let start = row.startIndex + codes + 4 * index
            return Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(row[start + $1]) << UInt32(8 * $1) })
        }
        let (step, low) = (factor(0), factor(1))
        return (0..<dimension).map { fmaf(step, Float(row[row.startIndex + $0]), low) }
    }

    private static func vectors(_ count: Int, _ dimension: Int, seed: UInt64) -> [[Float]] {
        let numbers = randomFloats(count * dimension, seed: seed)
        return (0..<count).map { Array(numbers[$0 * dimension..<($0 + 1) * dimension]) }
    }

    @Test("have the bits of float32 with what the rows stand for", arguments: KernelSet.all)
    func bitsOfFloat32(kernels: KernelSet) {
        let kernels = kernels.functions
        for n in Self.lengths {
            let query = FencedElements(randomFloats(n, seed: 1))
            for count in [1, 2, 3, 4, 7, 9] {
                let vectors = Self.vectors(count, n, seed: UInt64(count))
                expectBits(kernels, query, vectors, count: n)
            }
        }
    }

    @Test("have these bits where rows are too many for the cache", arguments: KernelSet.all)
    func manyRows(kernels: KernelSet) {
        for n in [70, 1040] {
            let query = FencedElements(randomFloats(n, seed: 2))
            expectBits(kernels.functions, query, Self.vectors(600_000 / n, n, seed: 3), count: n)
        }
    }

    private func expectBits(
        _ kernels: attune_kernels, _ query: FencedElements<Float>, _ vectors: [[Float]], count n: Int
    ) {
        let halves = FencedElements(vectors.flatMap { $0.map { BFloat16($0).bits } })
        let rounded = vectors.flatMap { $0.map { Float(BFloat16($0)) } }
        check(query, rounded, rows: vectors.count, kernels) { out in
            kernels.bfloat16_rows.dots(query.pointer, halves.pointer, n, vectors.count, n, out[0])
            kernels.bfloat16_rows.squared_l2s(query.pointer, halves.pointer, n, vectors.count, n, out[1])
            for row in vectors.indices {
                out[2][row] = kernels.bfloat16_rows.dot(query.pointer, halves.pointer + row * n, n)
                out[3][row] = kernels.bfloat16_rows.squared_l2(query.pointer, halves.pointer + row * n, n)
            }
        }
        let size = attune_byte_row_size(n)
        let bytes = FencedElements(Self.byteRows(vectors))
        let stored = vectors.indices.flatMap { row in
            Self.values(bytes.values[row * size..<(row + 1) * size], dimension: n)
        }
        check(query, stored, rows: vectors.count, kernels) { out in
            kernels.byte_rows.dots(query.pointer, bytes.pointer, size, vectors.count, n, out[0])
            kernels.byte_rows.squared_l2s(query.pointer, bytes.pointer, size, vectors.count, n, out[1])
            for row in vectors.indices {
                out[2][row] = kernels.byte_rows.dot(query.pointer, bytes.pointer + row * size, n)
                out[3][row] = kernels.byte_rows.squared_l2(query.pointer, bytes.pointer + row * size, n)
            }
        }
    }

    /// Products and squared distances, many at once and then one by one, are those of `numbers`.
    private func check(
        _ query: FencedElements<Float>, _ numbers: [Float], rows count: Int, _ kernels: attune_kernels,
        _ body: ([UnsafeMutablePointer<Float>]) -> Void
    ) {
        let n = query.count
        let out = (0..<4).map { _ in FencedElements([Float](repeating: 77, count: count)) }
        body(out.map(\.pointer))
        let rows = FencedElements(numbers)
        let dots = (0..<count).map { kernels.dot(query.pointer, rows.pointer + $0 * n, n) }
        let distances = (0..<count).map { kernels.squared_l2(query.pointer, rows.pointer + $0 * n, n) }
        #expect(out[0].values == dots, "\(count) of \(n)")
        #expect(out[1].values == distances, "\(count) of \(n)")
        #expect(out[2].values == dots, "\(n) elements")
        #expect(out[3].values == distances, "\(n) elements")
    }

    @Test("agree with double precision", arguments: KernelSet.all)
    func agreeWithDoublePrecision(kernels: KernelSet) {
        for n in Self.lengths where n > 0 {
            let query = randomFloats(n, seed: 4)
            let row = Self.byteRows([randomFloats(n, seed: 5)])
            let numbers = Self.values(row[...], dimension: n)
            let products = zip(query, numbers).map { Double($0) * Double($1) }
            let squares = zip(query, numbers).map { (Double($0) - Double($1)) * (Double($0) - Double($1)) }
            let slack = Self.unit * Double(n + 2)
            let dot = Double(kernels.functions.byte_rows.dot(query, row, n))
            #expect(abs(dot - products.reduce(0, +)) <= slack * products.map(abs).reduce(0, +), "\(n) elements")
            let distance = Double(kernels.functions.byte_rows.squared_l2(query, row, n))
            #expect(abs(distance - squares.reduce(0, +)) <= 2 * slack * squares.reduce(0, +), "\(n) elements")
        }
    }

    // MARK: Rows of bytes

    @Test("read rows of bytes by their definition, on every instruction set", arguments: KernelSet.all)
    func values(kernels: KernelSet) {
        for n in Self.lengths {
            let row = FencedElements(Self.byteRows([randomFloats(n, seed: 6, scale: 3)]))
            let out = FencedElements([Float](repeating: 0, count: n))
            kernels.functions.byte_rows.values(row.pointer, n, out.pointer)
            #expect(out.values == Self.values(row.values[...], dimension: n), "\(n) elements")
        }
    }

    @Test(
        "keep every element within half a step, and the lowest as it is",
        arguments: [1e-30, 1e-3, 1, 255, 1e18] as [Float], [0, 1, -50] as [Float])
    func halfAStep(scale: Float, shift: Float) {
        for n in [1, 2, 5, 64, 100, 384] {
            let vector = randomFloats(n, seed: 7, scale: scale).map { $0 + shift * scale }
            let row = Self.byteRows([vector])
            let values = Self.values(row[...], dimension: n)
            let (low, high) = (Double(vector.min() ?? 0), Double(vector.max() ?? 0))
            let step = (high - low) / 255
            // The step is rounded to float32, and so is what a byte stands for.
            let rounding = 2 * Self.unit * (255 * step + abs(low))
            for (value, element) in zip(values, vector) {
                #expect(abs(Double(value) - Double(element)) <= step / 2 + rounding, "\(n) elements")
            }
            #expect(values.min() == vector.min())
            #expect(row[n..<(n + 7) / 8 * 8].allSatisfy { $0 == 0 })
        }
    }

    @Test("keep vectors of one value, of whole numbers to 255, and of the smallest numbers")
    func exactRows() {
        for vector: [Float] in [
            [0, 0, 0], [-0.3, -0.3], [7], (0...255).map { Float($0) }, [0, 0x1p-149, 0x1p-148],
            [.leastNormalMagnitude, .leastNormalMagnitude],
        ] {
            let values = Self.values(Self.byteRows([vector])[...], dimension: vector.count)
            let isTiny = vector.contains(0x1p-149)
            #expect(isTiny ? values == [0, 0, 0] : values == vector)
        }
    }

    @Test("bring what a row stands for to length 1, and keep its bytes", arguments: [1, 2, 3, 64, 384, 4096])
    func lengthOne(dimension: Int) {
        let vector = randomFloats(dimension, seed: 8)
        let (plain, unit) = (Self.byteRows([vector]), Self.byteRows([vector], toLength1: true))
        #expect(plain[..<dimension] == unit[..<dimension])
        let squares = Self.values(unit[...], dimension: dimension).reduce(0) { $0 + Double($1) * Double($1) }
        #expect(abs(squares - 1) < 1e-6)
        let zero = Self.byteRows([[Float](repeating: 0, count: dimension)], toLength1: true)
        #expect(zero.allSatisfy { $0 == 0 })
    }

    @Test("are those of the instruction set in use through the Swift face")
    func throughSwift() throws {
        let kernels = try #require(KernelSet(.current)).functions
        let n = 50
        let query = randomFloats(n, seed: 9)
        let vectors = Self.vectors(9, n, seed: 10)
        let halves = Matrix<BFloat16>(Matrix(rowsOf: vectors).view)
        let size = ByteRow.size(dimension: n)
        let bytes = Matrix(rows: 9, columns: size, elements: Self.byteRows(vectors))
        var (dots, distances) = ([Float](repeating: 0, count: 9), [Float](repeating: 0, count: 9))
        Distance.dots(query, rows: halves.view, into: &dots)
        Distance.squaredL2s(query, rows: halves.view, into: &distances)
        for row in 0..<9 {
            let numbers = halves.row(row).map { Float($0) }
            #expect(dots[row] == kernels.dot(query, numbers, n))
            #expect(distances[row] == kernels.squared_l2(query, numbers, n))
            #expect(dots[row] == Distance.dot(query, halves.row(row), count: n))
            #expect(distances[row] == Distance.squaredL2(query, halves.row(row), count: n))
        }
        Distance.dots(query, byteRows: bytes.view, dimension: n, into: &dots)
        Distance.squaredL2s(query, byteRows: bytes.view, dimension: n, into: &distances)
        for row in 0..<9 {
            var numbers = [Float](repeating: 0, count: n)
            ByteRow.read(bytes.row(row), dimension: n, into: &numbers)
            #expect(dots[row] == kernels.dot(query, numbers, n))
            #expect(distances[row] == kernels.squared_l2(query, numbers, n))
            #expect(dots[row] == Distance.dot(query, byteRow: bytes.row(row), dimension: n))
            #expect(distances[row] == Distance.squaredL2(query, byteRow: bytes.row(row), dimension: n))
        }
    }
}
