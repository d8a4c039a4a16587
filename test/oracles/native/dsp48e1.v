// Multiply-accumulate chains in one DSP48E1, for test/oracles/fpga.test.ts. Standard input has a line for each clock: 1 for the first product of a
// chain, 1 for its last, and A and B in hexadecimal. Standard output has P after each last product, as 48 bits in hexadecimal.
module bench;
  reg clock = 0;
  reg first, last;
  reg [24:0] a;
  reg [17:0] b;
  wire [47:0] p;

  // X and Y take the product; Z takes nothing for the first of a chain (UG479: OPMODE 0000101) and P after it (0100101).
  DSP48E1 #(
    .ACASCREG(0), .ADREG(0), .ALUMODEREG(0), .AREG(0), .BCASCREG(0), .BREG(0), .CARRYINREG(0), .CARRYINSELREG(0), .CREG(0), .DREG(0),
    .INMODEREG(0), .MREG(0), .OPMODEREG(0), .PREG(1)
  ) slice (
    .P(p), .A({{5{a[24]}}, a}), .B(b), .OPMODE(first ? 7'b0000101 : 7'b0100101), .CLK(clock), .CEP(1'b1), .RSTP(1'b0),
    .ACIN(30'b0), .ALUMODE(4'b0), .BCIN(18'b0), .C(48'b0), .CARRYCASCIN(1'b0), .CARRYIN(1'b0), .CARRYINSEL(3'b0), .D(25'b0), .INMODE(5'b0),
    .MULTSIGNIN(1'b0), .PCIN(48'b0),
    .CEA1(1'b0), .CEA2(1'b0), .CEAD(1'b0), .CEALUMODE(1'b0), .CEB1(1'b0), .CEB2(1'b0), .CEC(1'b0), .CECARRYIN(1'b0), .CECTRL(1'b0), .CED(1'b0),
    .CEINMODE(1'b0), .CEM(1'b0),
    .RSTA(1'b0), .RSTALLCARRYIN(1'b0), .RSTALUMODE(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTCTRL(1'b0), .RSTD(1'b0), .RSTINMODE(1'b0), .RSTM(1'b0)
  );

  initial begin
    while ($fscanf(32'h8000_0000, "%b %b %h %h", first, last, a, b) == 4) begin
      #1 clock = 1;
      #1 clock = 0;
      if (last) $display("%h", p);
    end
    $finish(0);
  end
endmodule
