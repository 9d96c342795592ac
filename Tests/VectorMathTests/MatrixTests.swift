import Testing
import VectorMath

@Suite("Matrix")
struct MatrixTests {
    @Test("starts every row at a multiple of 64 bytes", arguments: [0, 1, 15, 16, 17, 384, 1000])
    func alignsRows(columns: Int) {
        let matrix = Matrix<Float>(rows: 3, columns: columns)
        #expect(matrix.stride % 16 == 0)
        #expect(matrix.stride >= columns && matrix.stride < columns + 16)
        matrix.withUnsafePointer { #expect(Int(bitPattern: $0) % 64 == 0) }
        #expect(Matrix<Int8>(rows: 2, columns: columns).stride % 64 == 0)
        #expect(Matrix<BFloat16>(rows: 2, columns: columns).stride % 32 == 0)
        #expect(Matrix<Int64>(rows: 2, columns: columns).stride % 8 == 0)
    }

    @Test("keeps the elements in row-major order without gaps")
    func keepsOrder() {
        var matrix = Matrix<Int32>(rows: 2, columns: 3, elements: [1, 2, 3, 4, 5, 6])
        #expect(matrix.elements() == [1, 2, 3, 4, 5, 6])
        #expect(matrix.row(1) == [4, 5, 6])
        matrix.setRow(0, to: [7, 8, 9])
        matrix[1, 2] = 60
        #expect(matrix.elements() == [7, 8, 9, 4, 5, 60])
        #expect(matrix == Matrix(rowsOf: [[7, 8, 9], [4, 5, 60]]))
    }

    @Test("copies when it is written while a copy or a view shares it")
    func copiesOnWrite() {
        var matrix = Matrix<Float>(rows: 2, columns: 2, elements: [1, 2, 3, 4])
        let view = matrix.view
        let copy = matrix
        matrix[0, 0] = 100
        #expect(view[0, 0] == 1 && copy[0, 0] == 1 && matrix[0, 0] == 100)
        #expect(matrix.elements() == [100, 2, 3, 4])
    }

    @Test("writes in place when nothing shares it")
    func writesInPlace() {
        var matrix = Matrix<Float>(rows: 2, columns: 2)
        let before = matrix.withUnsafePointer { UInt(bitPattern: $0) }
        matrix[1, 1] = 3
        #expect(matrix.withUnsafePointer { UInt(bitPattern: $0) } == before)
    }

    @Test("gives views of rows and columns that outlive it")
    func givesViews() {
        func window() -> MatrixView<Float> {
            let matrix = Matrix<Float>(rows: 3, columns: 4, elements: (0..<12).map(Float.init))
            return matrix[rows: 1..<3].columns(1..<3)
        }
        let view = window()
        #expect(view.rows == 2 && view.columns == 2)
        #expect(view.elements() == [5, 6, 9, 10])
        #expect(view.row(1) == [9, 10])
        #expect(Matrix(copying: view).elements() == [5, 6, 9, 10])
    }

    @Test("may have no rows or no columns", arguments: [(0, 0), (0, 5), (5, 0)])
    func mayBeEmpty(rows: Int, columns: Int) {
        let matrix = Matrix<Float>(rows: rows, columns: columns)
        #expect(matrix.elements().isEmpty)
        #expect(Matrix(copying: matrix.view) == matrix)
        #expect(Matrix<Float>(rowsOf: []).rows == 0)
    }

    @Test("is zeroed, also in memory that was used before")
    func isZeroed() {
        for _ in 0..<4 {
            var matrix = Matrix<Float>(rows: 1024, columns: 1024)
            #expect(sumOfSquares(matrix.view) == 0)
            matrix.withUnsafeMutablePointer { $0.update(repeating: 7, count: 1024 * 1024) }
        }
    }
}
