import LowRank
import Testing
import VectorMath

@Suite("Decompositions")
struct DecompositionTests {
    /// Float32 rounding of a factorisation of at most 96 rows, relative to the largest value.
    static let tolerance: Float = 2e-5

    static let shapes = [(1, 1), (5, 5), (7, 3), (3, 7), (64, 16), (17, 96), (96, 96)]

    @Test("singular values and vectors multiply back to the matrix", arguments: shapes)
    func singularValuesRestore(rows: Int, columns: Int) throws {
        let matrix = random(rows, columns, seed: 1)
        let svd = try SingularValueDecomposition(matrix.view)
        let k = min(rows, columns)
        #expect(svd.values.count == k && svd.u.rows == rows && svd.u.columns == k)
        #expect(svd.vTransposed.rows == k && svd.vTransposed.columns == columns)
        #expect(zip(svd.values, svd.values.dropFirst()).allSatisfy { $0 >= $1 } && svd.values.allSatisfy { $0 >= 0 })
        var scaled = svd.u
        for i in 0..<rows { scaled.setRow(i, to: zip(svd.u.row(i), svd.values).map { $0 * $1 }) }
        #expect(difference(product(scaled, svd.vTransposed), matrix) < Self.tolerance * svd.values[0])
        #expect(difference(product(svd.u, svd.u, transposingFirst: true), identity(k)) < Self.tolerance)
        #expect(
            difference(product(svd.vTransposed, svd.vTransposed, transposingSecond: true), identity(k))
                < Self.tolerance)
    }

    @Test("the factors of a matrix of rank R give it back with R columns")
    func factorsRestoreLowRank() throws {
        let matrix = product(random(40, 3, seed: 2), random(3, 25, seed: 3))
        let svd = try SingularValueDecomposition(matrix.view)
        let (b, a) = svd.factors(rank: 3)
        #expect(difference(product(b, a), matrix) < Self.tolerance * svd.values[0])
        #expect(svd.values[3...].allSatisfy { $0 < Self.tolerance * svd.values[0] })
    }

    @Test(
        "the leading values and vectors are those of the whole decomposition",
        arguments: [(64, 64, 7), (40, 96, 10), (96, 40, 1), (96, 40, 10), (96, 40, 11), (96, 40, 40), (5, 3, 1)])
    func leading(rows: Int, columns: Int, rank: Int) throws {
        let matrix = random(rows, columns, seed: 12)
        let (whole, leading) = (
            try SingularValueDecomposition(matrix.view), try SingularValueDecomposition(leading: rank, of: matrix.view)
        )
        #expect(leading.values.count == rank && leading.u.rows == rows && leading.u.columns == rank)
        #expect(leading.vTransposed.rows == rank && leading.vTransposed.columns == columns)
        #expect(zip(leading.values, whole.values).allSatisfy { abs($0 - $1) < Self.tolerance * whole.values[0] })
        #expect(difference(product(leading.u, leading.u, transposingFirst: true), identity(rank)) < Self.tolerance)
        #expect(
            difference(product(leading.vTransposed, leading.vTransposed, transposingSecond: true), identity(rank))
                < Self.tolerance)
        let (found, expected) = (leading.factors(rank: rank), whole.factors(rank: rank))
        #expect(
            difference(product(found.b, found.a), product(expected.b, expected.a)) < Self.tolerance * whole.values[0])
    }

    @Test("leading vectors are orthonormal where the matrix has fewer directions, down to none", arguments: [0, 1, 3])
    func leadingOfFewDirections(directions: Int) throws {
        var matrix = Matrix<Float>(rows: 48, columns: 60)
        if directions > 0 { matrix = product(random(48, directions, seed: 2), random(directions, 60, seed: 3)) }
        let leading = try SingularValueDecomposition(leading: 5, of: matrix.view)
        #expect(leading.values.count == 5)
        #expect(leading.values.dropFirst(directions).allSatisfy { $0 <= Self.tolerance * leading.values[0] })
        #expect(difference(product(leading.u, leading.u, transposingFirst: true), identity(5)) < Self.tolerance)
        #expect(
            difference(product(leading.vTransposed, leading.vTransposed, transposingSecond: true), identity(5))
                < Self.tolerance)
        let (b, a) = leading.factors(rank: 5)
        #expect(difference(product(b, a), matrix) <= Self.tolerance * max(1, leading.values[0]))
    }

    @Test(
        "a product is decomposed as the matrix that it makes, also where its rank is more than its width",
        arguments: [(40, 5, 30), (6, 9, 30), (30, 9, 6), (4, 7, 3)])
    func products(rows: Int, rank: Int, columns: Int) throws {
        let (b, a) = (random(rows, rank, seed: 8), random(rank, columns, seed: 9))
        let found = try SingularValueDecomposition(productOf: b.view, a.view, factor: 0.5)
        let count = min(rows, rank, columns)
        #expect(found.values.count == count && found.u.columns == count && found.vTransposed.rows == count)
        let (left, right) = found.factors(rank: count)
        var expected = product(b, a)
        scale(&expected, by: 0.5)
        #expect(difference(product(left, right), expected) < Self.tolerance * found.values[0])
        #expect(difference(product(found.u, found.u, transposingFirst: true), identity(count)) < Self.tolerance)
    }

    @Test("Q has orthonormal columns, R is upper triangular, and they multiply back", arguments: shapes)
    func orthogonalTriangular(rows: Int, columns: Int) throws {
        let matrix = random(rows, columns, seed: 4)
        let qr = try QRDecomposition(matrix.view)
        let k = min(rows, columns)
        #expect(difference(product(qr.q, qr.r), matrix) < Self.tolerance * 10)
        #expect(difference(product(qr.q, qr.q, transposingFirst: true), identity(k)) < Self.tolerance)
        for i in 0..<k { #expect(qr.r.row(i)[..<i].allSatisfy { $0 == 0 }) }
    }

    @Test("eigenvalues ascend and the vectors give the symmetric matrix back", arguments: [1, 2, 9, 64])
    func symmetricEigen(size: Int) throws {
        let half = random(size, size, seed: 5)
        let matrix = product(half, half, transposingFirst: true)
        let eigen = try SymmetricEigenDecomposition(matrix.view)
        #expect(zip(eigen.values, eigen.values.dropFirst()).allSatisfy { $0 <= $1 })
        var scaled = eigen.vectors
        for i in 0..<size { scaled.setRow(i, to: zip(eigen.vectors.row(i), eigen.values).map { $0 * $1 }) }
        let largest = eigen.values[size - 1]
        #expect(difference(product(scaled, eigen.vectors, transposingSecond: true), matrix) < Self.tolerance * largest)
    }

    @Test("known values: the singular values of diag(3, -4) are 4 and 3, its eigenvalues -4 and 3")
    func knownValues() throws {
        let matrix = Matrix<Float>(rowsOf: [[3, 0], [0, -4]])
        #expect(try SingularValueDecomposition(matrix.view).values == [4, 3])
        #expect(try SymmetricEigenDecomposition(matrix.view).values == [-4, 3])
    }

    @Test("a window into a wider matrix is decomposed like a copy of it")
    func decomposesWindows() throws {
        let wide = random(12, 40, seed: 6)
        let window = wide.view.columns(5..<14)
        #expect(
            try SingularValueDecomposition(window).values
                == SingularValueDecomposition(Matrix(copying: window).view).values)
    }

    @Test("refuses NaN and infinity", arguments: [Float.nan, .infinity, -.infinity])
    func refusesNonFinite(value: Float) {
        var matrix = random(4, 4, seed: 7)
        matrix[2, 1] = value
        matrix[1, 2] = value
        #expect(throws: LowRankError.notFinite(routine: "sgesdd")) { try SingularValueDecomposition(matrix.view) }
        #expect(throws: LowRankError.notFinite(routine: "sgeqrf")) { try QRDecomposition(matrix.view) }
        #expect(throws: LowRankError.notFinite(routine: "dsyevr")) {
            try SingularValueDecomposition(leading: 1, of: matrix.view)
        }
        #expect(throws: LowRankError.notFinite(routine: "ssyevd")) { try SymmetricEigenDecomposition(matrix.view) }
    }

    @Test("accepts values as large as a float can be squared in double precision")
    func acceptsLargeValues() throws {
        let matrix = Matrix<Float>(rowsOf: [[1e30, 0], [0, 1e30]])
        #expect(try SingularValueDecomposition(matrix.view).values == [1e30, 1e30])
    }

    @Test("refuses a matrix without elements, and eigenvalues of one that is not square")
    func refusesUnfitShapes() {
        let empty = Matrix<Float>(rows: 0, columns: 3)
        #expect(throws: LowRankError.unfitShape(routine: "sgesdd", rows: 0, columns: 3)) {
            try SingularValueDecomposition(empty.view)
        }
        let flat = Matrix<Float>(rows: 2, columns: 3)
        #expect(throws: LowRankError.unfitShape(routine: "ssyevd", rows: 2, columns: 3)) {
            try SymmetricEigenDecomposition(flat.view)
        }
    }
}

/// Standard normal values.
func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix<Float> {
    var generator = RandomGenerator(seed: seed)
    return Matrix(rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in generator.normal() })
}

func identity(_ size: Int) -> Matrix<Float> {
    var result = Matrix<Float>(rows: size, columns: size)
    for i in 0..<size { result[i, i] = 1 }
    return result
}

func product(
    _ a: Matrix<Float>, _ b: Matrix<Float>, transposingFirst: Bool = false, transposingSecond: Bool = false
) -> Matrix<Float> {
    var c = Matrix<Float>(
        rows: transposingFirst ? a.columns : a.rows, columns: transposingSecond ? b.rows : b.columns)
    multiply(
        a.view, transposingFirst: transposingFirst, b.view, transposingSecond: transposingSecond, into: &c)
    return c
}

/// The largest absolute difference of two matrices of one shape.
func difference(_ a: Matrix<Float>, _ b: Matrix<Float>) -> Float {
    precondition(a.rows == b.rows && a.columns == b.columns)
    return zip(a.elements(), b.elements()).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
