// Multiply-accumulate chains in one SB_MAC16, for test/oracles/fpga.test.ts: the same lines as native/dsp48e1.v reads, and the 32 bits of O.
module bench;
  reg clock = 0;
  reg reset = 0;
  reg first, last;
  reg [15:0] a, b;
  wire [31:0] o;

  // 16 x 16 signed, both halves of the product added to the output registers, the carry from the lower half to the upper (Lattice TN1295).
  // A reset before the first product clears the registers.
  SB_MAC16 #(
    .TOPOUTPUT_SELECT(2'b01), .TOPADDSUB_LOWERINPUT(2'b10), .TOPADDSUB_CARRYSELECT(2'b10), .BOTOUTPUT_SELECT(2'b01), .BOTADDSUB_LOWERINPUT(2'b10),
    .A_SIGNED(1'b1), .B_SIGNED(1'b1)
  ) slice (
    .O(o), .A(a), .B(b), .C(16'b0), .D(16'b0), .CLK(clock), .CE(1'b1), .ORSTTOP(reset), .ORSTBOT(reset),
    .AHOLD(1'b0), .BHOLD(1'b0), .CHOLD(1'b0), .DHOLD(1'b0), .IRSTTOP(1'b0), .IRSTBOT(1'b0), .OLOADTOP(1'b0), .OLOADBOT(1'b0),
    .ADDSUBTOP(1'b0), .ADDSUBBOT(1'b0), .OHOLDTOP(1'b0), .OHOLDBOT(1'b0), .CI(1'b0), .ACCUMCI(1'b0), .SIGNEXTIN(1'b0)
  );

  initial begin
    while ($fscanf(32'h8000_0000, "%b %b %h %h", first, last, a, b) == 4) begin
      #1 reset = first;
      #1 reset = 0;
      #1 clock = 1;
      #1 clock = 0;
      if (last) $display("%h", o);
    end
    $finish(0);
  end
endmodule
